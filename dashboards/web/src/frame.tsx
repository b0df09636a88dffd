// The frame of every page: places on the left, the recorded day on top, banners, the page.

import { useEffect, useRef, useState } from "preact/hooks";
import { endOfDay, isoDay, minute } from "./format/time.ts";
import { AccountPage } from "./pages/account.tsx";
import { FleetPage } from "./pages/fleet.tsx";
import { InstrumentPageView } from "./pages/instrument.tsx";
import { MeasurementPageView } from "./pages/measurement.tsx";
import { SignInPage } from "./pages/sign_in.tsx";
import { NotReady } from "./parts/states.tsx";
import { useSetting, type Setting } from "./state/facility.ts";
import { asOf, href, setQuery, usePlace } from "./state/router.ts";
import { signInHref, useSession } from "./state/session.ts";
import { texts } from "./texts.ts";

function Rail({ path, count }: { path: string; count: number | null }) {
  const here = path === "/" || path === "/instruments";
  const inside = here || path.startsWith("/instruments/") || path.startsWith("/measurements/");
  return (
    <nav class="rail" aria-label={texts.frame.places}>
      <a class="brand" href={href("/")}>
        {texts.product}
      </a>
      <ul>
        <li>
          <a href={href("/instruments")} class={inside ? "inside" : ""}
            aria-current={here ? "page" : inside ? "true" : undefined}>
            {texts.frame.instruments} <span>{count ?? ""}</span>
          </a>
        </li>
      </ul>
    </nav>
  );
}

function AsOfControl({ setting }: { setting: Setting }) {
  const chosen = asOf();
  const today = isoDay(Date.now() > setting.now ? setting.now : Date.now(), setting.zone);
  const value = isoDay(chosen ?? setting.now, setting.zone);
  const choose = (date: string) => {
    const end = endOfDay(date, setting.zone);
    if (end) setQuery({ as_of: date >= today && !chosen ? null : end }, true);
  };
  return (
    <div class="asof">
      <label>
        <span>{texts.frame.asOf}</span>{" "}
        <input type="date" value={value} max={chosen ? undefined : today}
          onChange={(event) => choose(event.currentTarget.value)} />
      </label>
      {chosen && (
        <button type="button" class="btn" onClick={() => setQuery({ as_of: null }, true)}>
          {texts.frame.asOfToday}
        </button>
      )}
    </div>
  );
}

function Top({ setting }: { setting: Setting }) {
  const { data: session } = useSession();
  const facility = setting.fleet?.facility;
  return (
    <header class="top">
      <AsOfControl setting={setting} />
      <span class="grow" />
      {facility && <span>{texts.frame.zone(facility.name, facility.time_zone)}</span>}
      {session && !session.subject && <a href={signInHref()}>{texts.frame.signIn}</a>}
      {session?.subject && <a href="/account">{session.name || session.subject}</a>}
    </header>
  );
}

function Banners({ setting, path }: { setting: Setting; path: string }) {
  const { data: session } = useSession();
  const chosen = asOf();
  const { contact, lastContact, zone } = setting;
  let lost = "";
  if (contact === "away") {
    lost = lastContact === "–" ? texts.frame.awayNever : texts.frame.away(lastContact);
  } else if (contact === "stale") {
    lost = texts.frame.stale(lastContact);
  }
  return (
    <aside aria-label={texts.frame.notices}>
      {setting.fleet?.facility.demo && <div class="banner demo">{texts.frame.demo}</div>}
      {chosen && <div class="banner asof-banner">{texts.frame.asOfBanner(minute(chosen, zone))}</div>}
      <div aria-live="polite" role="status">
        {session?.over && path !== "/sign-in" && (
          <div class="banner over">
            {texts.frame.sessionOver} <a href={signInHref()}>{texts.frame.signIn}</a>
          </div>
        )}
        {lost && <div class={`banner ${contact}`}>{lost}</div>}
      </div>
    </aside>
  );
}

function Page({ path }: { path: string }) {
  if (path === "/" || path === "/instruments" || path === "/instruments/") return <FleetPage />;
  if (path === "/sign-in") return <SignInPage />;
  if (path === "/account") return <AccountPage />;
  const [, kind, id] = /^\/(instruments|measurements)\/([^/]+)\/?$/.exec(path) ?? [];
  if (kind === "instruments" && id) return <InstrumentPageView id={decoded(id)} key={id} />;
  if (kind === "measurements" && id) return <MeasurementPageView id={decoded(id)} key={id} />;
  return <NotReady status="missing" missing={texts.states.missingPage} />;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Paper has no address bar, so a printed page says where it is from. */
function PrintFoot() {
  const [address, set] = useState(location.href);
  useEffect(() => {
    const before = () => set(location.href);
    addEventListener("beforeprint", before);
    return () => removeEventListener("beforeprint", before);
  }, []);
  return (
    <p class="printfoot">
      {texts.frame.address}: {address}
    </p>
  );
}

export function Frame() {
  const { path } = usePlace();
  const setting = useSetting();
  const main = useRef<HTMLElement>(null);
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => {
        event.preventDefault();
        main.current?.focus();
      }}>
        {texts.frame.skip}
      </a>
      <div class="shell">
        <Rail path={path} count={setting.fleet?.items.length ?? null} />
        <div class="column">
          <Top setting={setting} />
          <Banners setting={setting} path={path} />
          <main id="content" tabIndex={-1} ref={main} aria-labelledby="heading">
            <Page path={path} />
          </main>
          <PrintFoot />
        </div>
      </div>
    </>
  );
}
