// The JSON of Etalon's HTTP API as far as the pages read it. Unknown fields are ignored, and every
// field that a record may lack is optional: a page never breaks on an older or a younger record.

export type Verdict =
  | "in_spec"
  | "in_spec_with_conditions"
  | "out_of_spec"
  | "unknown"
  | "not_in_scope";

type Maybe<T> = T | null | undefined;

export interface Reason {
  code: string;
  severity: Verdict;
  text?: Maybe<string>;
  since?: Maybe<string>;
  evidence?: unknown;
  /** Which configuration it is about, in an instrument's verdict. */
  configuration?: Maybe<string>;
}

export interface ProfileVerdict {
  profile: string;
  configuration?: Maybe<string>;
  verdict: Verdict;
  reasons?: Maybe<Reason[]>;
  valid_until?: Maybe<string>;
  next_due?: Maybe<string>;
  data_age_s?: Maybe<number>;
}

export interface Facility {
  name: string;
  time_zone: string;
  log_origin?: string;
  demo?: boolean;
}

export interface Profile {
  id: string;
  name: string;
}

export interface InstrumentItem {
  id: string;
  name?: Maybe<string>;
  place?: Maybe<string>;
  technique?: Maybe<string>;
  responsible?: Maybe<string>;
  serial?: Maybe<string>;
  next_due?: Maybe<string>;
  last_measured_at?: Maybe<string>;
  verdicts?: Maybe<ProfileVerdict[]>;
}

export interface Fleet {
  as_of: string;
  facility: Facility;
  profiles: Profile[];
  items: InstrumentItem[];
  next_cursor?: Maybe<string>;
}

export interface Limit {
  lower?: Maybe<number>;
  upper?: Maybe<number>;
  warning_lower?: Maybe<number>;
  warning_upper?: Maybe<number>;
  source?: Maybe<string>;
}

export interface UncertaintyParts {
  estimate?: Maybe<number>;
  reproducibility?: Maybe<number>;
  reference?: Maybe<number>;
}

export type Qualifiers = Record<string, unknown>;

/** A value with what is known of its uncertainty; the shape that all value lists share. */
export interface Valued {
  definition: string;
  value?: Maybe<number>;
  unit?: Maybe<string>;
  u?: Maybe<number>;
  U?: Maybe<number>;
  k?: Maybe<number>;
  u_parts?: Maybe<UncertaintyParts>;
  channel?: Maybe<number>;
  channel_name?: Maybe<string>;
  of?: Maybe<Qualifiers>;
  limit?: Maybe<Limit>;
  outcome?: Maybe<string>;
  p_conformance?: Maybe<number>;
}

export interface LatestQuantity extends Valued {
  quantity: string;
  name?: Maybe<string>;
  acquired_at?: Maybe<string>;
  measurement?: Maybe<string>;
  judges?: Maybe<boolean>;
}

export interface ProcedureState {
  procedure: string;
  version?: Maybe<number | string>;
  title?: Maybe<string>;
  analysis?: Maybe<string>;
  due?: Maybe<string>;
  overdue_from?: Maybe<string>;
  state: string;
  last_measurement?: Maybe<string | { key?: string; acquired_at?: string }>;
}

export interface Configuration {
  id: string;
  name?: Maybe<string>;
  instrument?: string;
  subject?: Maybe<string>;
  setup?: Maybe<Record<string, unknown>>;
  verdicts?: Maybe<ProfileVerdict[]>;
  procedures?: Maybe<ProcedureState[]>;
  quantities?: Maybe<LatestQuantity[]>;
}

export interface MeasurementRow {
  key: string;
  instrument: string;
  configuration: string;
  procedure: string;
  procedure_title?: Maybe<string>;
  analysis?: Maybe<string>;
  purpose?: Maybe<string>;
  acquired_at?: Maybe<string>;
  received_at?: Maybe<string>;
  outcome?: Maybe<string>;
  review?: Maybe<string>;
  log_index?: Maybe<number>;
}

export interface InstrumentPage extends InstrumentItem {
  as_of?: string;
  configurations?: Maybe<Configuration[]>;
  measurements?: Maybe<MeasurementRow[]>;
}

export interface SeriesPoint {
  t: string;
  value: number;
  u?: Maybe<number>;
  U?: Maybe<number>;
  measurement?: Maybe<string>;
  outcome?: Maybe<string>;
  lower?: Maybe<number>;
  upper?: Maybe<number>;
  received_at?: Maybe<string>;
}

export interface Series {
  subject: string;
  quantity: string;
  name?: Maybe<string>;
  definition: string;
  unit?: Maybe<string>;
  points: SeriesPoint[];
}

export interface DecidedQuantity extends Valued {
  id: string;
  acceptance?: Maybe<{ lower?: Maybe<number>; upper?: Maybe<number> }>;
}

export interface JudgedBy {
  procedure?: Maybe<{ id?: string; version?: number | string }>;
  limit_set?: Maybe<{ id?: string; version?: number | string }>;
  decision_rule?: Maybe<{ guard_band_ratio?: number; coverage_factor?: number; name?: string }>;
  software?: unknown;
  configuration_fingerprint?: Maybe<string>;
  agent?: unknown;
  repeat_study?: unknown;
  scale_record?: unknown;
}

export interface Decision {
  outcome?: Maybe<string>;
  reasons?: Maybe<string[]>;
  review?: Maybe<string>;
  clear_fail?: boolean;
  warning?: boolean;
  uncertainty_incomplete?: boolean;
  attributed?: boolean;
  acquired_at?: Maybe<string>;
  judged_by?: Maybe<JudgedBy>;
  quantities?: Maybe<DecidedQuantity[]>;
  log_index?: Maybe<number>;
  recorded_at?: Maybe<string>;
}

export interface DocumentQuantity extends Valued {
  id: string;
  u_method?: Maybe<string>;
  n?: Maybe<number>;
}

export interface MeasuredObject {
  kind: string;
  channel?: Maybe<number>;
  state: string;
  reason?: Maybe<string>;
  position_um?: Maybe<number[]>;
  position_px?: Maybe<number[]>;
  quantities?: Maybe<DocumentQuantity[]>;
}

export interface Finding {
  code: string;
  severity: string;
  text?: Maybe<string>;
  channel?: Maybe<number>;
}

export interface MeasurementDocument {
  schema?: string;
  analysis?: string;
  software?: Maybe<{ name?: string; version?: string; build?: string }>;
  inputs?: Maybe<{ name: string; sha256?: string; bytes?: number; format?: string }[]>;
  acquired_at?: Maybe<string>;
  measured_at?: Maybe<string>;
  setup?: Maybe<Record<string, { value: unknown; source?: string }>>;
  quantities?: Maybe<DocumentQuantity[]>;
  objects?: Maybe<MeasuredObject[]>;
  findings?: Maybe<Finding[]>;
}

export interface PictureLink {
  name: string;
  caption?: Maybe<string>;
  media_type: string;
  sha256: string;
  url: string;
}

export interface RawLink {
  name: string;
  sha256: string;
  bytes?: Maybe<number>;
  archived?: Maybe<boolean>;
  url?: Maybe<string>;
}

export interface Signature {
  id: string;
  record: { kind: string; id: string; version: number | string; digest: string };
  meaning: string;
  signer: string;
  printed_name: string;
  reason: string;
  signed_at: string;
  current: boolean;
  invalidated?: Maybe<{ by: string; at: string; reason: string }>;
}

export interface MeasurementPage extends MeasurementRow {
  signatures?: Maybe<Signature[]>;
  performer?: Maybe<string>;
  agent?: Maybe<string | { name?: string; version?: string }>;
  measured_at?: Maybe<string>;
  decision?: Maybe<Decision>;
  document?: Maybe<MeasurementDocument>;
  pictures?: Maybe<PictureLink[]>;
  raw?: Maybe<RawLink[]>;
  proof?: Maybe<{
    log_index: number;
    tree_size: number;
    leaf_hash: string;
    inclusion?: Maybe<string[]>;
  }>;
  checkpoint?: Maybe<string>;
}
