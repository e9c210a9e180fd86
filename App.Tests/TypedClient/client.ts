// A client as a user would write one, on types generated from the API document (api.d.ts beside this file when it is compiled).
// What the compiler takes and the server answers must agree: node client.js <address> <key> ends with code 0.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

const [address, key] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${key}` } });

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} was refused`);
  return value;
}

function same<T>(found: T, expected: T, what: string): void {
  if (found !== expected) throw new Error(`${what} is ${found}, and not ${expected}`);
}

// Readings: sent, counted, listed in pages.
const ts = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const sent = await api.POST("/ingest/readings", {
  body: { readings: [1, 2, 3].map(second => ({ buildingId: "typed", meter: "mains", ts: ts(second), watts: 100 + second })) },
});
same(must(sent.data, "readings").stored, 3, "stored");
const watts: number[] = [];
let cursor: string | undefined;
do {
  const page = must((await api.GET("/api/buildings/{id}/readings", {
    params: { path: { id: "typed" }, query: { limit: 2, cursor, from: "2026-01-01T00:00:00Z" } },
  })).data, "a page of readings");
  if (typeof page === "string") throw new Error("CSV was answered, and not asked for");
  watts.push(...page.readings.map(reading => reading.watts));
  cursor = page.next ?? undefined;
} while (cursor !== undefined);
same(watts.join(), "101,102,103", "watts");
const csv = await api.GET("/api/buildings/{id}/readings", { params: { path: { id: "typed" } }, headers: { Accept: "text/csv" }, parseAs: "text" });
same(String(csv.data).split("\n")[0], "meter,ts,watts", "the first line of the CSV");
const buildings = must((await api.GET("/api/buildings")).data, "buildings");
same(buildings.buildings.find(building => building.buildingId === "typed")?.meters[0]?.meter, "mains", "the meter");

// A run, started once for its key, that can be looked at, filtered by words, and cancelled.
const plan = { goal: "typed", steps: [{ name: "ask", handler: "human.approval", input: { message: "Go on?" } }] };
const started = must((await api.POST("/api/runs", { body: { plan }, params: { header: { "Idempotency-Key": "typed-1" } } })).data, "the run");
const again = must((await api.POST("/api/runs", { body: { plan }, params: { header: { "Idempotency-Key": "typed-1" } } })).data, "the run again");
same(again.id, started.id, "the run's id");
const run = must((await api.GET("/api/runs/{id}", { params: { path: { id: started.id } } })).data, "the run");
same(run.steps[0]?.handler, "human.approval", "the handler");
const status: components["schemas"]["RunDetails"]["status"] = run.status;
const listed = must((await api.GET("/api/runs", { params: { query: { status } } })).data, "runs");
same(listed.runs.some(one => one.id === started.id), true, "whether the run is listed");
same((await api.POST("/api/runs/{id}/cancel", { params: { path: { id: started.id } } })).data?.status, "cancelled", "the run");

// Stock: one item or many, a reservation, and a refusal that says why.
const lamp = { sku: "lamp", name: "Lamp", stock: 2, priceMinor: 450000, currency: "NGN" };
const items = must((await api.POST("/api/catalog/items", { body: { items: [lamp] } })).data, "items");
same("items" in items ? items.changed : 0, 1, "changed items");
const reservation = must((await api.POST("/api/reservations", { body: { sku: "lamp", quantity: 2, reference: "typed-1" } })).data, "the reservation");
same(reservation.status, "held", "the reservation");
const { error } = await api.POST("/api/reservations", { body: { sku: "lamp", quantity: 1, reference: "typed-2" } });
same(error?.status, 409, "the refusal");
same(error?.errors?.[0]?.field, "quantity", "the field at fault");
same((await api.DELETE("/api/reservations/{id}", { params: { path: { id: reservation.id } } })).data?.status, "released", "the reservation");

// Jobs, schedules, health.
const jobs = must((await api.GET("/api/jobs", { params: { query: { state: "queued", limit: 10 } } })).data, "jobs");
same(jobs.jobs.every(job => job.state === "queued"), true, "whether all jobs are queued");
same(must((await api.POST("/api/jobs/redrive", { body: { state: "dead" } })).data, "the redrive").redriven, 0, "redriven jobs");
same(must((await api.GET("/api/schedules")).data, "schedules").next, null, "the cursor");
same(must((await api.GET("/health")).data, "health").database.status, "up", "the database");
// @ts-expect-error A word that there is not.
await api.GET("/api/runs", { params: { query: { status: "sleeping" } } });
