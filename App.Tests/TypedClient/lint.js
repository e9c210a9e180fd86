// Lints the API document with Redocly's recommended rules: node lint.js <document>. Problems go to stdout, one a line.
import { readFileSync } from "node:fs";
import { createConfig, lintFromString } from "@redocly/openapi-core";

const config = await createConfig({ extends: ["recommended"] });
const problems = await lintFromString({ source: readFileSync(process.argv[2], "utf8"), config });
for (const { severity, ruleId, message, location } of problems) console.log(`${severity} ${ruleId} ${location?.[0]?.pointer ?? ""}: ${message}`);
