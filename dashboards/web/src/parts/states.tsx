// What a page shows when it has nothing to show: loading, not found, forbidden, service away.

import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { texts } from "../texts.ts";
import { href } from "../state/router.ts";
import type { Status } from "../state/resource.ts";
import { signInHref, useSession } from "../state/session.ts";

/** Grey bars of the page's own size, only once loading has lasted long enough to be felt. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  const [shown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status" aria-busy="true">
      <span class="unseen">{shown ? texts.states.loading : ""}</span>
      {shown && Array.from({ length: rows }, (_, n) => <div class="bone" key={n} />)}
    </div>
  );
}

export function Notice({ title, text, children }: {
  title: string;
  text: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="notice">
      <h1 id="heading">{title}</h1>
      <p>{text}</p>
      {children}
    </div>
  );
}

/** The page for every status but "ready". */
export function NotReady({ status, missing }: { status: Status; missing: string }) {
  const { data: session } = useSession();
  const home = (
    <p>
      <a class="btn" href={href("/instruments")}>
        {texts.states.toFleet}
      </a>
    </p>
  );
  if (status === "missing") {
    return (
      <Notice title={texts.states.missingTitle} text={missing}>
        {home}
      </Notice>
    );
  }
  if (status === "forbidden" && !session?.subject) {
    return (
      <Notice title={texts.states.signInTitle} text={texts.states.signInText}>
        <p>
          <a class="btn p" href={signInHref()}>
            {texts.frame.signIn}
          </a>
        </p>
      </Notice>
    );
  }
  if (status === "forbidden") {
    return (
      <Notice title={texts.states.forbiddenTitle} text={texts.states.forbiddenText}>
        {home}
      </Notice>
    );
  }
  if (status === "failed") {
    return <Notice title={texts.states.failedTitle} text={texts.states.failedText} />;
  }
  return <Skeleton />;
}

export function useTitle(page: string): void {
  useEffect(() => {
    document.title = texts.title(page);
  }, [page]);
}
