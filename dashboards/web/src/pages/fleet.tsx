// Every instrument, trouble first: what is wrong, why, since when.

import { useState } from "preact/hooks";
import { relative, shortDay, span } from "../format/time.ts";
import { Mark, VerdictMark } from "../parts/marks.tsx";
import { ReasonList, reasonText } from "../parts/reasons.tsx";
import { NotReady, Notice, useTitle } from "../parts/states.tsx";
import { Cell, Head, Row, Table, Wide } from "../parts/table.tsx";
import { useSetting, type Setting } from "../state/facility.ts";
import { instrumentHref, setQuery, usePlace } from "../state/router.ts";
import { texts } from "../texts.ts";
import type { Fleet, InstrumentItem, Profile, ProfileVerdict, Verdict } from "../types.ts";
import * as verdicts from "../verdict.ts";
import type { Status } from "../state/resource.ts";

type Said = InstrumentItem & { verdicts: ProfileVerdict[]; overall: Verdict };

function saidOf(fleet: Fleet, setting: Setting): Said[] {
  return fleet.items
    .map((item) => {
      const said = (item.verdicts ?? []).map((v) => setting.say(v));
      return { ...item, verdicts: said, overall: verdicts.overall(said) };
    })
    .sort(verdicts.byTrouble);
}

function matches(item: Said, query: string): boolean {
  if (!query) return true;
  const words = [
    item.id, item.name, item.place, item.technique, item.responsible,
    ...item.verdicts.flatMap((v) => [verdicts.wordOf(v), ...(v.reasons ?? []).map(reasonText)]),
  ].join(" ").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => words.includes(word));
}

function Filters({ items, query, chosen }: { items: Said[]; query: string; chosen: string }) {
  const count = (v: Verdict) => items.filter((item) => item.overall === v).length;
  const present = verdicts.kVerdicts.filter((v) => count(v) > 0);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span class="unseen">{texts.fleet.filter}</span>
        <input type="search" value={query} placeholder={texts.fleet.filterHint}
          onInput={(event) => setQuery({ q: event.currentTarget.value })} />
      </label>
      <div class="chips" role="group" aria-label={texts.fleet.filter}>
        <button type="button" class="chip" aria-pressed={chosen === ""}
          onClick={() => setQuery({ verdict: null }, true)}>
          {texts.fleet.all} <b>{items.length}</b>
        </button>
        {present.map((v) => (
          <button type="button" class="chip" key={v} aria-pressed={chosen === v}
            onClick={() => setQuery({ verdict: chosen === v ? null : v }, true)}>
            <Mark shape={v} word={texts.verdict[v]} /> <b>{count(v)}</b>
          </button>
        ))}
      </div>
    </form>
  );
}

function ages(v: ProfileVerdict, setting: Setting): string {
  const words: string[] = [];
  if (typeof v.data_age_s === "number") words.push(texts.fleet.checked(span(v.data_age_s)));
  if (v.valid_until && verdicts.holds(v.verdict)) {
    words.push(texts.fleet.until(shortDay(v.valid_until, setting.zone, setting.now)));
  }
  return words.join(", ");
}

function VerdictCell({ v, item, profile, setting, open, onOpen }: {
  v: ProfileVerdict | null;
  item: Said;
  profile: Profile;
  setting: Setting;
  open: boolean;
  onOpen: () => void;
}) {
  if (!v || v.verdict === "not_in_scope") {
    return (
      <Cell label={profile.name}>
        <Mark shape="not_in_scope" word={texts.verdict.not_in_scope} />
      </Cell>
    );
  }
  return (
    <Cell label={profile.name}>
      <button type="button" class="open" aria-expanded={open} onClick={onOpen}>
        <span class="unseen">{texts.fleet.details(item.name || item.id, profile.name)}: </span>
        <VerdictMark v={v} />
        <small class="under">{ages(v, setting)}</small>
      </button>
    </Cell>
  );
}

function Why({ item, setting }: { item: Said; setting: Setting }) {
  const v = verdicts.worst(item.verdicts);
  const reason = v && verdicts.needsPeople(v.verdict) ? verdicts.sortedReasons(v)[0] : undefined;
  if (!reason) return <span class="muted">{texts.fleet.quiet}</span>;
  return (
    <>
      {reasonText(reason)}
      {reason.since && (
        <small class="under">
          {texts.fleet.since(shortDay(reason.since, setting.zone, setting.now))}
        </small>
      )}
    </>
  );
}

function InstrumentRows({ item, profiles, setting }: {
  item: Said;
  profiles: Profile[];
  setting: Setting;
}) {
  const [open, setOpen] = useState<string | null>(null);
  const place = [item.place, item.technique].filter(Boolean).join(" · ");
  const shown = open ? verdicts.ofProfile(item.verdicts, open) : null;
  const due = item.next_due ?? verdicts.worst(item.verdicts)?.next_due;
  return (
    <>
      <Row class={shown ? "opened" : ""}>
        <Head>
          <a href={instrumentHref(item.id)}>{item.name || item.id}</a>
          <small class="under">{place}</small>
        </Head>
        {profiles.map((profile) => (
          <VerdictCell key={profile.id} item={item} profile={profile} setting={setting}
            v={verdicts.ofProfile(item.verdicts, profile.id)} open={open === profile.id}
            onOpen={() => setOpen(open === profile.id ? null : profile.id)} />
        ))}
        <Cell label={texts.fleet.why} class="why">
          <Why item={item} setting={setting} />
        </Cell>
        <Cell label={texts.fleet.nextDue}>
          {due ? (
            <>
              {shortDay(due, setting.zone, setting.now)}
              <small class="under">{relative(due, setting.now)}</small>
            </>
          ) : (
            "–"
          )}
        </Cell>
      </Row>
      {shown && (
        <Wide span={profiles.length + 3}>
          <b>{profiles.find((p) => p.id === open)?.name}</b>
          <ReasonList v={shown} zone={setting.zone} now={setting.now} />
        </Wide>
      )}
    </>
  );
}

function Headline({ items, setting }: { items: Said[]; setting: Setting }) {
  const needing = items.filter((item) => verdicts.needsPeople(item.overall)).length;
  const calm = items.filter((item) => item.overall === "in_spec").length;
  const away = setting.contact === "away";
  return (
    <header class="pagehead">
      <h1 id="heading">
        {away ? texts.fleet.needsUnknown : texts.fleet.needs(needing, items.length)}
      </h1>
      {!away && needing > 0 && <p class="muted">{texts.fleet.rest(calm, items.length)}</p>}
    </header>
  );
}

function Empty() {
  return (
    <Notice title={texts.fleet.emptyTitle} text={texts.fleet.emptyText}>
      <p>
        <a class="btn p" href="/api/v1/openapi.json">
          {texts.fleet.emptyAction}
        </a>
      </p>
    </Notice>
  );
}

export function FleetPage() {
  const setting = useSetting();
  const { query } = usePlace();
  useTitle(texts.fleet.heading);
  const fleet = setting.fleet;
  if (!fleet || setting.status === "missing") {
    return <NotReady status={setting.status as Status} missing={texts.states.missingPage} />;
  }
  const items = saidOf(fleet, setting);
  if (items.length === 0) return <Empty />;
  const word = query.get("q") ?? "";
  const chosen = query.get("verdict") ?? "";
  const shown = items.filter((i) => (!chosen || i.overall === chosen) && matches(i, word));
  const columns = [
    { head: texts.fleet.instrument },
    ...fleet.profiles.map((p) => ({ head: p.name })),
    { head: texts.fleet.why },
    { head: texts.fleet.nextDue },
  ];
  return (
    <>
      <Headline items={items} setting={setting} />
      <Filters items={items} query={word} chosen={chosen} />
      {shown.length === 0 ? (
        <p class="card pad">
          {texts.fleet.none}{" "}
          <button type="button" class="btn" onClick={() => setQuery({ q: null, verdict: null })}>
            {texts.fleet.clear}
          </button>
        </p>
      ) : (
        <div class={`card fleet ${setting.contact === "fine" ? "" : "stale"}`}>
          <Table caption={texts.fleet.caption} columns={columns}>
            {shown.map((item) => (
              <InstrumentRows key={item.id} item={item} profiles={fleet.profiles} setting={setting} />
            ))}
          </Table>
        </div>
      )}
    </>
  );
}
