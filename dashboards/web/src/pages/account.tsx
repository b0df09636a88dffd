// One's own account: who one is here, the password, sessions and tokens.

import { useState } from "preact/hooks";
import { minute } from "../format/time.ts";
import { Field, Outcome, valueOf } from "../parts/field.tsx";
import { NotReady, useTitle } from "../parts/states.tsx";
import { Cell, Head, Row, Table } from "../parts/table.tsx";
import { useSetting } from "../state/facility.ts";
import { askAgain, useResource } from "../state/resource.ts";
import {
  beginAnew, kSessions, send, useSession, type Session, type SessionItem,
} from "../state/session.ts";
import { texts } from "../texts.ts";
import { Tokens } from "./account_tokens.tsx";

const t = texts.account;

function PasswordForm({ session }: { session: Session }) {
  const [problem, setProblem] = useState("");
  const [done, setDone] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setDone("");
    if (valueOf(form, "password") !== valueOf(form, "again")) {
      setProblem(t.different);
      return;
    }
    const sent = await send("/api/v1/account/password", {
      old_password: valueOf(form, "old"), password: valueOf(form, "password"),
    });
    setProblem(sent.status === 200 ? "" : sent.problem || texts.signIn.away);
    if (sent.status !== 200) return;
    if (session.password === "initial") {
      beginAnew("/");
      return;
    }
    form.reset();
    setDone(t.changed);
    askAgain();
  };
  return (
    <form class="card form" onSubmit={(event) => void submit(event)}>
      <h2>{t.password}</h2>
      <input type="hidden" name="username" autocomplete="username" value={session.subject ?? ""} />
      <Field id="old" name="old" type="password" label={t.oldPassword}
        autocomplete="current-password" required />
      <Field id="new" name="password" type="password" label={t.newPassword} hint={t.passwordHint}
        autocomplete="new-password" minLength={12} required />
      <Field id="again" name="again" type="password" label={t.again} autocomplete="new-password"
        required />
      <button type="submit" class="btn p">
        {t.change}
      </button>
      <Outcome problem={problem} done={done} />
    </form>
  );
}

function Sessions({ zone }: { zone: string }) {
  const { data } = useResource<{ items: SessionItem[] }>(kSessions);
  const end = async (id: string) => {
    await send(`${kSessions}/${encodeURIComponent(id)}/end`, {});
    askAgain();
  };
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">{t.sessions}</h2>
      <div class="card">
        <Table caption={t.sessionsCaption}
          columns={[{ head: t.begun, title: true }, { head: t.seen }, { head: t.from }, { head: t.action }]}>
          {(data?.items ?? []).map((item) => (
            <Row key={item.id}>
              <Head>{minute(item.created_at, zone)}</Head>
              <Cell label={t.seen}>{minute(item.seen_at, zone)}</Cell>
              <Cell label={t.from}>
                {item.address} <span class="under muted">{item.client}</span>
              </Cell>
              <Cell label={t.action}>
                {item.current ? t.thisOne : (
                  <button type="button" class="btn" onClick={() => void end(item.id)}>
                    {t.end}
                  </button>
                )}
              </Cell>
            </Row>
          ))}
        </Table>
      </div>
    </section>
  );
}

export function AccountPage() {
  useTitle(t.heading);
  const { data: session, status } = useSession();
  const { zone } = useSetting();
  if (!session) return <NotReady status={status} missing={texts.states.missingPage} />;
  if (!session.subject || !session.csrf) {
    return <NotReady status="forbidden" missing={texts.states.missingPage} />;
  }
  const signOut = async () => {
    await send("/api/v1/session/end", {});
    beginAnew("/sign-in");
  };
  const initial = session.password === "initial";
  return (
    <>
      <h1 id="heading">{session.name || session.subject}</h1>
      <p>
        {t.standing(session.subject, texts.role[session.role ?? ""] ?? session.role ?? "")}{" "}
        <button type="button" class="btn" onClick={() => void signOut()}>
          {t.signOut}
        </button>
      </p>
      {initial && <p class="note">{t.initial}</p>}
      <PasswordForm session={session} />
      {!initial && <Sessions zone={zone} />}
      {!initial && <Tokens zone={zone} rights={session.rights ?? []} />}
    </>
  );
}
