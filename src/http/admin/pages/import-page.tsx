/** @jsxImportSource hono/jsx */
import type { FieldErrors, ProjectHead } from "../view-models.ts";
import { FormErrors, SelectField, TextareaField } from "./fields.tsx";
import { ImportPreview, type ImportPreviewProps } from "./import-preview.tsx";
import { Layout, type PageProps } from "./layout.tsx";
import { importPath } from "./paths.ts";
import { ProjectHeader } from "./project-header.tsx";

/** What the form holds; the text comes back as it was sent. */
interface ImportForm {
  text: string;
  format: string;
  /** Whether `${` is to be text and not a reference. */
  literal: boolean;
  errors: FieldErrors;
}

interface ImportPageProps extends PageProps {
  project: ProjectHead;
  environment: string;
  form: ImportForm;
  /** A file that the script may put into the text, in bytes. */
  maxFileBytes: number;
  /** What the text would do; absent before there is one. */
  preview?: ImportPreviewProps | undefined;
}

const formId = "import-form";
const textId = "import-text";

/** Imports a text with secrets into one environment: first to look at, then all or nothing. */
export function ImportPage({
  frame,
  assets,
  project,
  environment,
  form,
  maxFileBytes,
  preview,
}: ImportPageProps) {
  return (
    <Layout title={`Import · ${project.name} · ${environment}`} frame={frame} assets={assets}>
      <ProjectHeader
        project={project}
        current={{ environment, below: "secrets" }}
        title={
          <>
            Import into {project.name} in <span class="environment">{environment}</span>
          </>
        }
        lead="You see what a file would change before anything is written. Then all of it is, or nothing. An import deletes no secret and leaves the notes as they are."
      />
      <section class="card stack" aria-label="What to import">
        <TextForm
          action={importPath(project.id, environment)}
          form={form}
          maxFileBytes={maxFileBytes}
          isPreviewed={preview !== undefined}
        />
      </section>
      {preview && <ImportPreview {...preview} formId={formId} fieldId={textId} />}
    </Layout>
  );
}

/** Multipart: any other encoding makes three bytes of one. The file itself is never sent. */
function TextForm({
  action,
  form,
  maxFileBytes,
  isPreviewed,
}: {
  action: string;
  form: ImportForm;
  maxFileBytes: number;
  isPreviewed: boolean;
}) {
  return (
    <form method="post" action={action} enctype="multipart/form-data" id={formId} class="stack">
      <FormErrors errors={form.errors} fields={["text", "format"]} />
      <div class="drop stack tight" data-drop={textId} data-max-bytes={maxFileBytes}>
        <TextareaField
          id={textId}
          name="text"
          label="Names and values"
          hint={
            <>
              A <code>.env</code> file, JSON (<code>&#123;"NAME": "value"&#125;</code>), YAML, or a Kubernetes
              Secret.
            </>
          }
          rows={12}
          value={form.text}
          error={form.errors.text}
        />
        <p class="drop-hint needs-script hint">
          <label class="button">
            Choose a file
            <input type="file" class="visually-hidden" />
          </label>
          <span data-file-said="">or drop one anywhere in this box. It is read here, in your browser.</span>
        </p>
      </div>
      <div class="field-pair">
        <SelectField
          id="import-format"
          name="format"
          label="Read as"
          value={form.format}
          choices={formatChoices}
          error={form.errors.format}
        />
        <div class="field">
          <label class="check">
            <input
              type="checkbox"
              name="literal"
              value="true"
              checked={form.literal}
              aria-describedby="import-literal-hint"
            />
            Take <code>$&#123;…&#125;</code> to the letter
          </label>
          <p class="hint" id="import-literal-hint">
            <code>$&#123;NAME&#125;</code> refers to another secret here. Tick this where it is meant as text,
            such as in what was exported: there, references are filled in already.
          </p>
        </div>
      </div>
      <button type="submit" class={isPreviewed ? "button" : "button primary"}>
        {isPreviewed ? "Preview again" : "Preview"}
      </button>
    </form>
  );
}

const formatChoices = [
  { value: "auto", label: "Whatever it looks like" },
  { value: "env", label: ".env file" },
  { value: "docker", label: "Docker env file (quotes are part of the value)" },
  { value: "json", label: "JSON" },
  { value: "yaml", label: "YAML" },
];
