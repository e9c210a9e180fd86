// The whole Railway project in one file: both services and the database. An example; to use it, copy it to
// .railway/railway.ts, put your repository in, remove railway.json (a service cannot use both forms), then
// `railway config plan` and `railway config apply`. https://docs.railway.com/infrastructure-as-code/reference
import { defineRailway, github, group, postgres, preserve, project, service } from "railway/iac";

export default defineRailway((ctx) => {
  const production = ctx.environment === "production";
  const database = postgres("postgres");

  // Both services are built from the same Dockerfile. Pending migrations are applied at start, under a lock.
  const shared = {
    source: github("your-organization/tandem", { branch: "main" }),
    healthcheck: "/health/ready",
    healthcheckTimeout: 60,
  };
  const environment = {
    DATABASE_URL: database.env.DATABASE_URL,
    // Set once in the dashboard or with `railway variables`; kept from then on.
    ADMIN_API_KEY: preserve(),
    JWT_SECRET_KEY: preserve(),
    DRAIN_SECONDS: "30",
    RAILWAY_DEPLOYMENT_DRAINING_SECONDS: "40",
    RAILWAY_DEPLOYMENT_OVERLAP_SECONDS: "10",
  };

  const web = service("web", {
    ...shared,
    replicas: production ? 2 : 1,
    env: { ...environment, WORKER_ENABLED: "false" },
  });
  const worker = service("worker", {
    ...shared,
    replicas: production ? 2 : 1,
    env: { ...environment, WORKER_ENABLED: "true" },
  });

  return project("tandem", { resources: [group("Tandem", [database, web, worker])] });
});
