CREATE TABLE `audit_events` (
	`id` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`project_id` integer,
	`project_name` text,
	`environment` text,
	`name` text,
	`address` text NOT NULL,
	`request_id` text NOT NULL,
	`hash` blob NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_events_project` ON `audit_events` (`project_id`,`id`);--> statement-breakpoint
CREATE TABLE `environment_keys` (
	`project_id` integer NOT NULL,
	`environment_id` integer NOT NULL,
	`generation` integer NOT NULL,
	`sealed_environment_key` blob NOT NULL,
	PRIMARY KEY(`project_id`, `environment_id`),
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`environment_id`) REFERENCES `environments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `environments` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `environments_name_unique` ON `environments` (`name`);--> statement-breakpoint
CREATE TABLE `guards` (
	`held` integer NOT NULL,
	CONSTRAINT "guards_held" CHECK("guards"."held" = 1)
);
--> statement-breakpoint
CREATE TABLE `projects` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`parent_id` integer,
	`root_id` integer NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`parent_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `projects_root_name` ON `projects` (lower("name")) WHERE parent_id is null;--> statement-breakpoint
CREATE UNIQUE INDEX `projects_sibling_name` ON `projects` (`parent_id`,lower("name")) WHERE parent_id is not null;--> statement-breakpoint
CREATE INDEX `projects_root` ON `projects` (`root_id`);--> statement-breakpoint
CREATE TABLE `root_keys` (
	`project_id` integer PRIMARY KEY NOT NULL,
	`revision` integer NOT NULL,
	`generation` integer NOT NULL,
	`kdf` text NOT NULL,
	`salt` blob NOT NULL,
	`memory_kib` integer,
	`passes` integer,
	`parallelism` integer,
	`sealed_root_key` blob NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `secret_versions` (
	`secret_id` integer NOT NULL,
	`version` integer NOT NULL,
	`sealed_value` blob,
	`sealed_note` blob,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	PRIMARY KEY(`secret_id`, `version`),
	FOREIGN KEY (`secret_id`) REFERENCES `secrets`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `secrets` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`project_id` integer NOT NULL,
	`environment_id` integer NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`deleted` integer NOT NULL,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`environment_id`) REFERENCES `environments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `secrets_name` ON `secrets` (`project_id`,`environment_id`,`name`);--> statement-breakpoint
CREATE TABLE `service_tokens` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`public_id` text NOT NULL,
	`project_id` integer NOT NULL,
	`environment_id` integer NOT NULL,
	`name` text NOT NULL,
	`rights` text NOT NULL,
	`verifier_hash` blob NOT NULL,
	`public_key` blob NOT NULL,
	`sealed_key` blob NOT NULL,
	`generation` integer NOT NULL,
	`allowed_ips` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	`last_used_at` integer,
	`reads` integer NOT NULL,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`environment_id`) REFERENCES `environments`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `service_tokens_public_id_unique` ON `service_tokens` (`public_id`);--> statement-breakpoint
CREATE INDEX `service_tokens_project` ON `service_tokens` (`project_id`);--> statement-breakpoint
CREATE TABLE `views` (
	`project_id` integer NOT NULL,
	`environment_id` integer NOT NULL,
	`revision` integer NOT NULL,
	`body_id` text NOT NULL,
	`sealed_source` blob NOT NULL,
	`sealed_body` blob NOT NULL,
	`own_count` integer NOT NULL,
	`inherited_count` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project_id`, `environment_id`),
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`environment_id`) REFERENCES `environments`(`id`) ON UPDATE no action ON DELETE no action
);
