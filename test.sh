#!/usr/bin/env bash
# Sets up what the tests need and runs them all: npm test. Needs .NET SDK 10, Node and npm.
# PostgreSQL is the machine's own or comes from npm with the build; Chromium and PgBouncer are installed with apt where
# they are missing. Where there is no apt, the test of PgBouncer is skipped, but not in CI.
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

# Installs a package with apt, or says on the last line why not.
install() {
  command -v apt-get > /dev/null || { echo "there is no apt-get"; return 1; }
  local root=""
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2> /dev/null || { echo "apt-get needs root"; return 1; }
    root="sudo"
  fi
  echo "Installing $1 for the tests."
  $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" > /dev/null || { echo "apt-get has failed"; return 1; }
}

has_chromium || install chromium || fail "Chromium is missing: install it, or set CHROMIUM_PATH to its executable."

may_lack='\.\./shared|running as root'
if ! { command -v pgbouncer > /dev/null || [ -x /usr/sbin/pgbouncer ] || install pgbouncer; }; then
  [ -z "${CI:-}" ] || fail "PgBouncer is missing: install it."
  may_lack="$may_lack|PgBouncer is not installed"
fi

dotnet build App.sln -c Release -v quiet --nologo || fail "the build failed."

results=$(mktemp -d)

# The tests and all that they start are one process group, so that nothing lives on when the run is ended early.
# A shell that ignores Ctrl-C (as those in the background do) hands that on; some tests send it, so it is set back.
default_signals=""
if env --default-signal=INT true 2> /dev/null; then default_signals="env --default-signal=INT,QUIT"; fi
end() {
  [ -z "${tests:-}" ] || kill -KILL -- "-$tests" 2> /dev/null
  rm -rf "$results"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The limit is one for each test (a test that hangs is named), not for the whole: a slow machine may take its time.
set -m
$default_signals dotnet test App.sln -c Release --no-build --nologo --results-directory "$results" --logger trx --logger "console;verbosity=minimal" \
  --blame-hang-timeout 20m --blame-hang-dump-type none "$@" &
tests=$!
set +m
wait "$tests"
code=$?

# Sums the assemblies' results; a skipped test is fine only where what it lacks cannot be had by setting up.
node - "$results" "$code" "$may_lack" << 'EOF'
const fs = require('fs'), [folder, code, lacking] = process.argv.slice(2);
const mayLack = new RegExp(lacking);
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
      if (mayLack.test(reason)) continue;
      bad++;
      console.error(`Skipped without need: ${decode(/\btestName="([^"]*)"/.exec(result)?.[1] ?? '?')}: ${reason || 'no reason given'}`);
    }
  }
}
if (passed + failed === 0) console.error('No test has run.');
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || bad > 0 || passed === 0 ? 1 : Number(code));
EOF
