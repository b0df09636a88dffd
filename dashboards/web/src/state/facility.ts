// The facility's zone and name come with the fleet, which the frame keeps loaded on every page.

import { useContact, useResource, api, type Contact } from "./resource.ts";
import { asOf } from "./router.ts";
import { serverMoment, useNow } from "./now.ts";
import { clock } from "../format/time.ts";
import { aged, unreachable } from "../verdict.ts";
import type { Fleet, ProfileVerdict } from "../types.ts";

export interface Setting {
  fleet: Fleet | null;
  status: string;
  zone: string;
  now: number;
  contact: Contact;
  lastContact: string;
  /** What may be said of a verdict at this moment: aged, or Unknown while nobody answers. */
  say: (v: ProfileVerdict, answeredAt?: string | null) => ProfileVerdict;
}

export function useSetting(): Setting {
  const chosen = asOf();
  const { data: fleet, status } = useResource<Fleet>(api("instruments", chosen));
  const { contact, lastMs } = useContact();
  const now = useNow();
  const zone = fleet?.facility.time_zone ?? "UTC";
  const lastContact = lastMs === null ? "–" : clock(serverMoment(lastMs), zone);
  const say = (v: ProfileVerdict, answeredAt?: string | null) => {
    const answered = Date.parse(answeredAt ?? fleet?.as_of ?? "");
    const today = aged(v, now, Number.isFinite(answered) ? answered : now);
    return contact === "away" ? unreachable(today, lastContact) : today;
  };
  return { fleet, status, zone, now, contact, lastContact, say };
}
