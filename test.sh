#!/usr/bin/env bash
# Sets up what the tests need and runs them all: npm test. Needs .NET SDK 10, Node and npm.
# PostgreSQL is the machine's own or comes from npm with the build; Chromium is installed with apt where it is missing.
# Words given here go on to dotnet test, such as --filter Streams.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

fail() { echo "test.sh: $1" >&2; exit 1; }

for program in dotnet node npm; do
  command -v "$program" > /dev/null || fail "$program is missing: install .NET SDK 10, Node 20 or newer, and npm."
done

has_chromium() {
  [ -x "${CHROMIUM_PATH:-}" ] || command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null
}

if ! has_chromium; then
  command -v apt-get > /dev/null || fail "Chromium is missing: install it, or set CHROMIUM_PATH to its executable."
  root=""
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2> /dev/null || fail "Chromium is missing: run 'sudo apt-get install chromium', or set CHROMIUM_PATH to its executable."
    root="sudo"
  fi
  echo "Installing Chromium for the browser tests."
  $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null \
    || fail "Chromium could not be installed: install it, or set CHROMIUM_PATH to its executable."
fi

dotnet build App.sln -c Release -v quiet --nologo || fail "the build failed."

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
dotnet test App.sln -c Release --no-build --nologo --results-directory "$results" --logger trx --logger "console;verbosity=minimal" "$@" \
  -- RunConfiguration.TestSessionTimeout=840000
code=$?

# Sums the assemblies' results; a skipped test is fine only where what it lacks cannot be had by setting up.
node - "$results" "$code" << 'EOF'
const fs = require('fs'), [folder, code] = process.argv.slice(2);
const mayLack = [/\.\.\/shared/, /running as root/];
const decode = text => text.replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))
  .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&amp;/g, '&');
let passed = 0, failed = 0, skipped = 0, bad = 0;
for (const file of fs.readdirSync(folder).filter(name => name.endsWith('.trx'))) {
  const results = fs.readFileSync(`${folder}/${file}`, 'utf8').match(/<UnitTestResult\b[^>]*?(\/>|>[\s\S]*?<\/UnitTestResult>)/g) ?? [];
  for (const result of results) {
    const outcome = /\boutcome="([^"]*)"/.exec(result)?.[1];
    if (outcome === 'Passed') passed++;
    else if (outcome !== 'NotExecuted') failed++;
    else {
      skipped++;
      const reason = decode([...result.matchAll(/<(?:Message|StdOut)>([\s\S]*?)<\//g)].map(match => match[1]).join(' ').trim());
      if (mayLack.some(lack => lack.test(reason))) continue;
      bad++;
      console.error(`Skipped without need: ${decode(/\btestName="([^"]*)"/.exec(result)?.[1] ?? '?')}: ${reason || 'no reason given'}`);
    }
  }
}
if (passed + failed === 0) console.error('No test has run.');
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || bad > 0 || passed === 0 ? 1 : Number(code));
EOF
