# secretsfly in a container: the source that you can read, the locked dependencies, and Bun.
#
#   docker build --tag secretsfly .
#   docker run --publish 3000:3000 --volume secretsfly:/app/data --env ADMIN_PASSWORD=… secretsfly
#
# A container listens on every interface, so ADMIN_PASSWORD is not optional here: without it the server
# refuses to start. Behind a proxy that terminates TLS, set PUBLIC_ORIGIN and CLIENT_IP_HEADER as well.

FROM oven/bun:1.4.5-slim AS dependencies
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production

# The bench, to be run where the server is to run (bench/README.md): only built where it is asked for by
# `--target bench`. It waits for somebody who runs `bun run bench` in it.
FROM oven/bun:1.4.5-slim AS bench
WORKDIR /app
COPY package.json bun.lock bunfig.toml tsconfig.json ./
RUN bun install --frozen-lockfile
COPY drizzle ./drizzle
COPY src ./src
COPY test ./test
COPY bench ./bench
CMD ["sleep", "infinity"]

FROM oven/bun:1.4.5-slim
WORKDIR /app

# The code belongs to root; the data folder is all that the server's user may write to. By number, because
# platforms that forbid root cannot tell from a name.
RUN mkdir --mode=0700 data && chown 1000:1000 data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json tsconfig.json ./
COPY drizzle ./drizzle
COPY src ./src

ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
USER 1000:1000
VOLUME /app/data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["bun", "--eval", "const { ok } = await fetch(`http://127.0.0.1:${process.env.PORT}/api/status`); process.exit(ok ? 0 : 1)"]
CMD ["bun", "src/main.ts"]
