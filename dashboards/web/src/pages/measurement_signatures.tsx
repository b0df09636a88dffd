// Who signed this measurement, what it meant and why; on the page and on every print of it.

import { Mark } from "../parts/marks.tsx";
import { Digest, Time } from "../parts/values.tsx";
import type { Setting } from "../state/facility.ts";
import { texts } from "../texts.ts";
import type { MeasurementPage, Signature } from "../types.ts";

const t = texts.measurement;

function State({ s, zone }: { s: Signature; zone: string }) {
  if (s.invalidated) {
    return (
      <>
        <Mark shape="out_of_spec" word={t.takenBack} />
        <p class="under">
          {t.takenBackBy(s.invalidated.by)} <Time at={s.invalidated.at} zone={zone} />: {s.invalidated.reason}
        </p>
      </>
    );
  }
  return s.current ? <Mark shape="in_spec" word={t.signatureHolds} /> : <Mark shape="unknown" word={t.signedOther} />;
}

export function Signatures({ m, setting }: { m: MeasurementPage; setting: Setting }) {
  const signatures = m.signatures ?? [];
  return (
    <section aria-labelledby="signatures">
      <h2 id="signatures">{t.signatures}</h2>
      {signatures.length === 0 ? (
        <p class="muted">{t.noSignatures}</p>
      ) : (
        <div class="card">
          <table class="provenance">
            <caption class="unseen">{t.signatures}</caption>
            <tbody>
              {signatures.map((s) => (
                <tr key={s.id}>
                  <th scope="row">{texts.meaning[s.meaning] ?? s.meaning}</th>
                  <td>
                    <p class="file">
                      <b>{s.printed_name}</b> <span class="muted">{s.signer}</span> · <Time at={s.signed_at} zone={setting.zone} />
                    </p>
                    <p class="file">{s.reason}</p>
                    <State s={s} zone={setting.zone} />
                    <p class="file">
                      <span class="muted">{t.signedDigest}</span> <Digest hex={s.record.digest} />
                    </p>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
