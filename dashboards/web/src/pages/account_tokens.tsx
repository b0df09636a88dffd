// API tokens of one's own: for scripts, each with some of one's rights and an end.

import { useState } from "preact/hooks";
import { minute } from "../format/time.ts";
import { Field, Outcome, valueOf } from "../parts/field.tsx";
import { Cell, Head, Row, Table } from "../parts/table.tsx";
import { askAgain, useResource } from "../state/resource.ts";
import { kTokens, send, type TokenItem } from "../state/session.ts";
import { texts } from "../texts.ts";

const t = texts.account;

function NewToken({ rights }: { rights: string[] }) {
  const [problem, setProblem] = useState("");
  const [token, setToken] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const chosen = new FormData(form).getAll("right").map(String);
    const sent = await send(kTokens, { name: valueOf(form, "token-name"), rights: chosen });
    setToken(sent.status === 201 ? String(sent.body.token) : "");
    setProblem(sent.status === 201 ? "" : chosen.length ? sent.problem || texts.signIn.away : t.noRight);
    if (sent.status !== 201) return;
    form.reset();
    askAgain();
  };
  return (
    <form class="card form" onSubmit={(event) => void submit(event)}>
      <h3>{t.newToken}</h3>
      <Field id="token-name" name="token-name" label={t.tokenName} required maxLength={100} />
      <fieldset>
        <legend>{t.rights}</legend>
        {rights.filter((right) => right !== "account.own").map((right) => (
          <label key={right}>
            <input type="checkbox" name="right" value={right} /> {right}
          </label>
        ))}
      </fieldset>
      <button type="submit" class="btn p">
        {t.make}
      </button>
      <Outcome problem={problem} done={token ? t.shownOnce : ""} />
      {token && <p class="mono digest" id="new-token">{token}</p>}
    </form>
  );
}

export function Tokens({ zone, rights }: { zone: string; rights: string[] }) {
  const { data } = useResource<{ items: TokenItem[] }>(kTokens);
  const items = data?.items ?? [];
  const revoke = async (id: string) => {
    await send(`${kTokens}/${encodeURIComponent(id)}/revoke`, {});
    askAgain();
  };
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens">{t.tokens}</h2>
      {items.length === 0 ? <p class="muted">{t.noTokens}</p> : (
        <div class="card">
          <Table caption={t.tokensCaption}
            columns={[{ head: t.tokenName, title: true }, { head: t.rights }, { head: t.used }, { head: t.expires }, { head: t.action }]}>
            {items.map((item) => (
              <Row key={item.id}>
                <Head>{item.name}</Head>
                <Cell label={t.rights}>{item.rights.join(", ")}</Cell>
                <Cell label={t.used}>{item.used_at ? minute(item.used_at, zone) : t.never}</Cell>
                <Cell label={t.expires}>{minute(item.expires_at, zone)}</Cell>
                <Cell label={t.action}>
                  {item.state !== "in_force" ? t.tokenState[item.state] : (
                    <button type="button" class="btn" onClick={() => void revoke(item.id)}>
                      {t.revoke}
                    </button>
                  )}
                </Cell>
              </Row>
            ))}
          </Table>
        </div>
      )}
      <NewToken rights={rights} />
    </section>
  );
}
