using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using App.Tests.Fixtures;
using CsCheck;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>Mutated bodies against another parser: what that one takes is taken and counted the same, all else is a 4xx.</summary>
public sealed partial class FuzzTests(AppHost host) : IClassFixture<AppHost>
{
    private const int Side = 8;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    [Fact]
    public async Task Three_thousand_mutated_bodies_are_taken_as_another_parser_takes_them()
    {
        var taken = 0;
        await Mutated(ValidBody.Select(Encoding.UTF8.GetBytes)).SampleAsync(
            async body =>
            {
                using var http = host.ClientOfItsOwn();
                var answer = await http.SendAsync(Post.Content(body));
                var shown = $"{Encoding.UTF8.GetString(body)} -> {answer.Status} {answer.Text}";
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
            }, iter: 3000, threads: Side);
        Assert.InRange(taken, 100, 2900);
        Assert.Equal((1, 1), (await host.Http.SendAsync(Post.Body(Post.Item("after", Post.NewYear, 1)))).Counts);
    }

    [Fact]
    public Task Mutated_gzip_bodies_are_stored_whole_or_refused()
    {
        var lines =
            Gen.Int[0, 2999].Array[20].Select(watts =>
                string.Concat(watts.Select((power, i) => Post.Item($"h{i % 3}", Post.NewYear + (i * 1000), power) + "\n")));
        return Mutated(lines.Select(text => Post.Gzip(Encoding.UTF8.GetBytes(text))), doubles: false).SampleAsync(
            async body =>
            {
                using var http = host.ClientOfItsOwn();
                var answer = await http.SendAsync(Post.Content(body, "application/x-ndjson", "gzip"));
                if (answer.Status == HttpStatusCode.Accepted) Assert.Equal((20, 20), answer.Counts);
                else Assert.InRange((int)answer.Status, 400, 422);
            }, iter: 400, threads: Side);
    }

    [Fact]
    public Task Mutated_lines_are_taken_or_refused()
    {
        var lines = "W,building=h1,meter=m1 watts=12.5,note=\"a b\" 1767225600000\n# c\npower,host=h2,x=a\\ b value=3i 1767225601000\n";
        return Mutated(Gen.Const(lines).Select(Encoding.UTF8.GetBytes)).SampleAsync(
            async body =>
            {
                using var http = host.ClientOfItsOwn();
                var answer = await http.SendAsync(Post.Content(body, "text/plain"), "/api/v2/write?precision=ms");
                Assert.True(answer.Status == HttpStatusCode.NoContent || (int)answer.Status is >= 400 and < 500,
                    $"{answer.Status} {answer.Text}");
            }, iter: 600, threads: Side);
    }

    private static Gen<string> ValidBody { get; } = Item().List[1, 4].Select(Post.Body);

    // Fields in any order, times and meters in each of their forms.
    private static Gen<string> Item() => Gen.Select(
        Gen.Int[0, 1], Gen.OneOf(
            Gen.Int[0, 2].Select(second => $"\"ts\":{Post.NewYear + (second * 1000)}"),
            Gen.Select(Gen.Int[0, 2], Gen.Int[0, 999], Gen.Int[0, 2],
                (second, fraction, hour) => $"\"ts\": \"2026-01-01T00:00:0{second}.{fraction}+0{hour}:00\"")),
        Gen.Double[-500, 3500], Gen.Bool, Gen.Shuffle(new[] { 0, 1, 2, 3 }),
        (building, time, watts, hasMeter, order) =>
        {
            string[] fields = [$"\"buildingId\":\"h{building}\"", time, $"\"watts\":{watts.ToString("R", CultureInfo.InvariantCulture)}",
                hasMeter ? "\"meter\" : \"m\\u0031\"" : ""];
            return $"{{{string.Join(',', order.Select(i => fields[i]).Where(field => field.Length > 0))}}}";
        });

    private static Gen<byte[]> Mutated(Gen<byte[]> valid, bool doubles = true) =>
        Gen.Select(valid, AnyMutation(doubles).List[1, 3],
            (body, mutations) => mutations.Aggregate(body, (bytes, mutation) => mutation.Of(bytes)));

    private static Gen<Mutation> AnyMutation(bool doubles) => Gen.Select(
        Gen.Int[0, doubles ? 5 : 2], Gen.Int[0, int.MaxValue], Gen.Int[0, 23], Gen.Byte, Gen.OneOf(Splices),
        (kind, at, length, value, splice) => new Mutation(kind, at, length, value, splice));

    /// <summary>One change to a body; position and length are cut to what there is.</summary>
    private sealed record Mutation(int Kind, int At, int Length, byte Value, string Splice)
    {
        public byte[] Of(byte[] bytes)
        {
            if (bytes.Length < 2) return bytes;
            var body = bytes.ToList();
            var at = At % body.Count;
            var length = 1 + (Length % Math.Min(24, body.Count - at));
            switch (Kind)
            {
                case 0: body[at] ^= (byte)(1 << (Value % 8)); break;
                case 1: body[at] = Value; break;
                case 2: body.RemoveRange(at, Value % 2 == 0 ? length : body.Count - at); break;
                case 3: body.InsertRange(at, body.GetRange(at, length)); break;
                case 4: body.InsertRange(at, Encoding.UTF8.GetBytes(Splice)); break;
                // A digit for a digit keeps the body valid.
                default: body[at] = char.IsAsciiDigit((char)body[at]) ? (byte)('0' + (Value % 10)) : body[at]; break;
            }
            return [.. body];
        }
    }

    private static readonly string[] Splices =
        ["NaN", "1e999", "null", "\\ud800", "\"", "{", "}", "[", "]", ",", "\0", "\u00ff", "-", "e5", " ", "\"watts\":1,", "\ufeff",
            "\\u0068", "/*x*/", "00"];

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
        if (fields.Count != 3 || !fields.TryGetValue("buildingId", out var building) || !fields.TryGetValue("ts", out var time)
            || !fields.TryGetValue("watts", out var power)) return null;
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
            return (time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond
                + int.Parse(fraction, CultureInfo.InvariantCulture) - offset;
        }
        catch (ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._:-]{1,128}\z")]
    private static partial Regex Id();

    [GeneratedRegex(@"\A([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
        + @"(?:\.([0-9]{1,12}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))\z")]
    private static partial Regex Rfc3339();
}
