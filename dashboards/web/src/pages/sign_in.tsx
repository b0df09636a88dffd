// Signing in with an account and its password.

import { useState } from "preact/hooks";
import { Field, Outcome, valueOf } from "../parts/field.tsx";
import { useTitle } from "../parts/states.tsx";
import { beginAnew, kSession, nextPage, send, useSession } from "../state/session.ts";
import { texts } from "../texts.ts";

const t = texts.signIn;

export function SignInPage() {
  useTitle(t.heading);
  const { data: session } = useSession();
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    const sent = await send(kSession, {
      account: valueOf(form, "account").trim(), password: valueOf(form, "password"),
    });
    setBusy(false);
    if (sent.status === 201) {
      beginAnew(sent.body.password === "initial" ? "/account" : nextPage());
      return;
    }
    setProblem(sent.status === 401 ? t.wrong : sent.problem || t.away);
    form.querySelector<HTMLInputElement>("#password")?.select();
  };
  return (
    <>
      <h1 id="heading">{t.heading}</h1>
      {session?.over && <p class="note">{t.over}</p>}
      <form class="card form" onSubmit={(event) => void submit(event)}>
        <Field id="account" name="account" label={t.account} autocomplete="username" required
          autocapitalize="none" spellcheck={false} />
        <Field id="password" name="password" type="password" label={t.password}
          autocomplete="current-password" required />
        <button type="submit" class="btn p" disabled={busy}>
          {t.action}
        </button>
        <Outcome problem={problem} done="" />
      </form>
      <p class="muted">{t.help}</p>
    </>
  );
}
