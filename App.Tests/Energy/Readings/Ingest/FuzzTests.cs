using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>Mutated bodies against another parser: what that one takes is taken and counted the same, all else is a 4xx.</summary>
public sealed partial class FuzzTests(AppHost host) : IClassFixture<AppHost>
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    [Fact]
    public async Task Three_thousand_mutated_bodies_are_taken_as_another_parser_takes_them()
    {
        var taken = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 3000), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, _) =>
        {
            var random = new Random(seed);
            var body = Mutate(Encoding.UTF8.GetBytes(ValidBody(random)), random);
            using var http = host.ClientOfItsOwn();
            var answer = await http.SendAsync(Post.Content(body));
            var shown = $"seed {seed}: {Encoding.UTF8.GetString(body)} -> {answer.Status} {answer.Text}";
            if (Expected(body) is { } expected)
            {
                Assert.True(answer.Status == HttpStatusCode.Accepted, shown);
                Assert.True(answer.Counts == expected, $"{shown}, expected {expected}");
                Interlocked.Increment(ref taken);
            }
            else
            {
                Assert.True((int)answer.Status is >= 400 and < 500, shown);
                Assert.Equal("application/problem+json", answer.MediaType);
            }
        });
        Assert.InRange(taken, 100, 2900);
        Assert.Equal((1, 1), (await host.Http.SendAsync(Post.Body(Post.Item("after", Post.NewYear, 1)))).Counts);
    }

    [Fact]
    public async Task Mutated_gzip_bodies_are_stored_whole_or_refused()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, _) =>
        {
            var random = new Random(seed);
            var lines = string.Concat(Enumerable.Range(0, 20).Select(i => Post.Item($"h{i % 3}", Post.NewYear + (i * 1000), random.Next(3000)) + "\n"));
            using var http = host.ClientOfItsOwn();
            var answer = await http.SendAsync(Post.Content(Mutate(Post.Gzip(Encoding.UTF8.GetBytes(lines)), random, doubles: false), "application/x-ndjson", "gzip"));
            if (answer.Status == HttpStatusCode.Accepted) Assert.Equal((20, 20), answer.Counts);
            else Assert.InRange((int)answer.Status, 400, 422);
        });
    }

    [Fact]
    public async Task Mutated_lines_are_taken_or_refused()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 600), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, _) =>
        {
            var random = new Random(seed);
            var lines = "W,building=h1,meter=m1 watts=12.5,note=\"a b\" 1767225600000\n# c\npower,host=h2,x=a\\ b value=3i 1767225601000\n";
            using var http = host.ClientOfItsOwn();
            var answer = await http.SendAsync(Post.Content(Mutate(Encoding.UTF8.GetBytes(lines), random), "text/plain"), "/api/v2/write?precision=ms");
            Assert.True(answer.Status == HttpStatusCode.NoContent || (int)answer.Status is >= 400 and < 500, $"seed {seed}: {answer.Status} {answer.Text}");
        });
    }

    private static string ValidBody(Random random) => Post.Body(Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
    {
        var fields = new List<string>
        {
            $"\"buildingId\":\"h{random.Next(2)}\"",
            random.Next(2) == 0 ? $"\"ts\":{Post.NewYear + (random.Next(3) * 1000)}" : $"\"ts\": \"2026-01-01T00:00:0{random.Next(3)}.{random.Next(1000)}+0{random.Next(3)}:00\"",
            $"\"watts\":{(random.NextDouble() * 4000) - 500:R}",
        };
        if (random.Next(2) == 0) fields.Add("\"meter\" : \"m\\u0031\"");
        return $"{{{string.Join(',', fields.OrderBy(_ => random.Next()))}}}";
    }));

    private static byte[] Mutate(byte[] valid, Random random, bool doubles = true)
    {
        var body = valid.ToList();
        for (var times = random.Next(1, 4); times > 0 && body.Count > 1; times--)
        {
            var at = random.Next(body.Count);
            var length = random.Next(1, Math.Min(24, body.Count - at) + 1);
            switch (random.Next(doubles ? 6 : 3))
            {
                case 0: body[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: body[at] = (byte)random.Next(256); break;
                case 2: body.RemoveRange(at, random.Next(2) == 0 ? length : body.Count - at); break;
                case 3: body.InsertRange(at, body.GetRange(at, length)); break;
                case 4: body.InsertRange(at, Encoding.UTF8.GetBytes(Splices[random.Next(Splices.Length)])); break;
                // A digit for a digit keeps the body valid.
                default: body[at] = char.IsAsciiDigit((char)body[at]) ? (byte)('0' + random.Next(10)) : body[at]; break;
            }
        }
        return [.. body];
    }

    private static readonly string[] Splices =
        ["NaN", "1e999", "null", "\\ud800", "\"", "{", "}", "[", "]", ",", "\0", "\u00ff", "-", "e5", " ", "\"watts\":1,", "\ufeff", "\\u0068", "/*x*/", "00"];

    // Items of the body and how many of them are stored, or null where it must be refused.
    private static (int Accepted, int Stored)? Expected(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
            var envelope = document.RootElement.EnumerateObject().ToList();
            if (envelope.Count != 1 || envelope[0].Name != "readings" || envelope[0].Value.ValueKind != JsonValueKind.Array) return null;
            var items = envelope[0].Value.EnumerateArray().Select(Read).ToList();
            if (items.Count == 0 || items.Contains(null)) return null;
            var stored = 0;
            foreach (var same in items.GroupBy(item => (item!.Value.Name, item.Value.Ts)))
            {
                double? known = null;
                foreach (var item in same)
                {
                    if (known is { } watts && watts.Equals(item!.Value.Watts)) continue;
                    known = item!.Value.Watts;
                    stored++;
                }
            }
            return (items.Count, stored);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static (string Name, long Ts, double Watts)? Read(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object) return null;
        var fields = item.EnumerateObject().ToDictionary(field => field.Name, field => field.Value);
        var meter = "mains";
        if (fields.Remove("meter", out var named))
        {
            if (named.ValueKind != JsonValueKind.String || !Id().IsMatch(named.GetString()!)) return null;
            meter = named.GetString()!;
        }
        if (fields.Count != 3 || !fields.TryGetValue("buildingId", out var building) || !fields.TryGetValue("ts", out var time) || !fields.TryGetValue("watts", out var power)) return null;
        if (building.ValueKind != JsonValueKind.String || !Id().IsMatch(building.GetString()!)) return null;
        if (power.ValueKind != JsonValueKind.Number || !(Math.Abs(power.GetDouble()) <= 1e7)) return null;
        long? ts = time.ValueKind switch
        {
            JsonValueKind.Number => time.TryGetInt64(out var ms) ? ms : null,
            JsonValueKind.String => Time(time.GetString()!),
            _ => null,
        };
        var latest = TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds();
        return ts >= 946_684_800_000 && ts <= latest ? ($"{building.GetString()}/{meter}", ts.Value, power.GetDouble()) : null;
    }

    private static long? Time(string text)
    {
        if (Rfc3339().Match(text) is not { Success: true } match) return null;
        int Part(int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
        try
        {
            var second = Part(6);
            if (second > 60) return null;
            var time = new DateTime(Part(1), Part(2), Part(3), Part(4), Part(5), 0, DateTimeKind.Utc).AddSeconds(second);
            var fraction = (match.Groups[7].Value + "000")[..3];
            var (hours, minutes) = match.Groups[9].Success ? (Part(9), Part(10)) : (0, 0);
            if (hours > 23 || minutes > 59) return null;
            var offset = ((hours * 60) + minutes) * (match.Groups[8].Value == "-" ? -60_000L : 60_000L);
            return (time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond + int.Parse(fraction, CultureInfo.InvariantCulture) - offset;
        }
        catch (ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._:-]{1,128}\z")]
    private static partial Regex Id();

    [GeneratedRegex(@"\A([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,12}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))\z")]
    private static partial Regex Rfc3339();
}
