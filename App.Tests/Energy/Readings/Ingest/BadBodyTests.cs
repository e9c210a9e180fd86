using System.Net;
using System.Text;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>
/// What is no list of readings: refused with where, what and how to cure it; nothing is stored, and the connection goes on.
/// </summary>
public sealed class BadBodyTests(AppHost host) : IClassFixture<AppHost>
{
    private const string Good = """{"buildingId":"good","ts":"2026-01-01T00:00:00Z","watts":1}""";

    /// <summary>Body, status, field, value as shown (null: none), a word of the cure.</summary>
    public static TheoryData<string, int, string, string?, string> Bodies()
    {
        var data = new TheoryData<string, int, string, string?, string>();
        void Item(string item, int status, string field, string? value, string cure) =>
            data.Add($$"""{"readings":[{{Good}},{{item}},{{Good}}]}""", status, "readings[1]" + (field.Length > 0 ? "." + field : ""),
                value, cure);
        void Value(string field, string value, string? shown, string cure, int status = 422) => Item(
            "{" + string.Join(',', new[] { ("buildingId", "\"h\""), ("ts", "\"2026-01-01T00:00:00Z\""), ("watts", "1") }
                .Select(pair => $"\"{pair.Item1}\":{(pair.Item1 == field ? value : pair.Item2)}")
                .Append(field == "meter" ? $"\"meter\":{value}" : "\"meter\":\"m\"")) + "}",
            status, field, shown, cure);

        foreach (var watts in new[] { "1e308", "-1e308", "1e999", "-1e999", "10000000.01", "true", "null" })
            Value("watts", watts, watts, "±10,000,000");
        Value("watts", "\"12\"", "12", "number of watts");
        Value("watts", "[1]", "[...]", "number of watts");
        Value("watts", "{\"a\":[{}]}", "{...}", "number of watts");
        Value("watts", "NaN", "NaN", "NaN and Infinity", 400);
        Value("watts", "Infinity", "Infinity", "NaN and Infinity", 400);
        Value("watts", "-Infinity", "-Infinity", "NaN and Infinity", 400);
        Value("watts", "01", "01", "correct the JSON at line 1", 400);
        Value("watts", "0x10", "0x10", "correct the JSON", 400);

        foreach (var field in new[] { "buildingId", "meter" })
        {
            Value(field, "\"\"", "", "1 to 128 of A-Z");
            Value(field, $"\"{new string('a', 129)}\"", new string('a', 61) + "...", "1 to 128");
            foreach (var id in new[] { "a b", "a/b", "ü", "a\\u0000b", "\\ud800", "\\ud83d\\ude00", "../x" })
                Value(field, $"\"{id}\"", id, "1 to 128");
            foreach (var value in new[] { "5", "null", "true" }) Value(field, value, value, "1 to 128");
            Value(field, "[]", "[...]", "1 to 128");
        }

        foreach (var ts in new[] { "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1999-12-31T23:59:59.999Z", "2026-01-01",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00.Z",
            "yesterday", "", "1767225600000" })
            Value("ts", $"\"{ts}\"", ts, "RFC 3339");
        foreach (var ts in new[] { "1", "-1", "1767225600", "1767225600000.5", "1e12", "99999999999999999999", "253402300799999", "true",
            "null" }) Value("ts", ts, ts, "Unix milliseconds");

        Item("""{"ts":"2026-01-01T00:00:00Z","watts":1}""", 422, "buildingId", null, "missing");
        Item("""{"buildingId":"h","watts":1}""", 422, "ts", null, "missing");
        Item("""{"buildingId":"h","ts":"2026-01-01T00:00:00Z"}""", 422, "watts", null, "missing");
        Item("{}", 422, "buildingId", null, "missing");
        Item("""{"buildingId":"h","ts":"2026-01-01T00:00:00Z","watts":1,"watts":1}""", 422, "watts", null, "once");
        Item("""{"buildingId":"h","ts":"2026-01-01T00:00:00Z","watts":1,"w\u0061tts":1}""", 422, "watts", null, "once");
        Item("""{"buildingId":"h","ts":"2026-01-01T00:00:00Z","watts":1,"Watts":1}""", 422, "Watts", null, "unknown field");
        Item("""{"buildingId":"h","ts":"2026-01-01T00:00:00Z","watts":1,"x":{"watts":[{}]}}""", 422, "x", null, "unknown field");
        Item("""{"buildingId":"h","ts":"2026-01-01T00:00:00Z","watts":1,"\ud800":1}""", 422, "\\ud800", null, "unknown field");
        Item("null", 422, "", "null", "send an object");
        Item("[]", 422, "", "[...]", "send an object");
        Item("5", 422, "", "5", "send an object");
        Item("{\"x\":" + new string('[', 100) + new string(']', 100) + "}", 400, "", null, "depth");

        data.Add($$"""{"readings":[{{Good}}],"readings":[{{Good}}]}""", 422, "readings", null, "once");
        data.Add($$"""{"readings":[{{Good}}],"other":1}""", 422, "other", null, "unknown field");
        data.Add("""{"readings":[]}""", 422, "readings", "[]", "at least one");
        data.Add("""{"readings":{}}""", 422, "readings", "{...}", "array");
        data.Add("""{"readings":null}""", 422, "readings", "null", "array");
        data.Add("{}", 422, "readings", null, "send");
        foreach (var body in new[] { "null", "5", "\"x\"" }) data.Add(body, 400, "body", body.Trim('"'), "send an object");
        data.Add("[]", 400, "body", "[", "send an object");
        data.Add("", 400, "body", null, "correct the JSON");
        data.Add("  \n ", 400, "body", null, "correct the JSON");
        data.Add($$"""{"readings":[{{Good}}]} x""", 400, "body", "x", "correct the JSON");
        data.Add($$"""{"readings":[{{Good}}]}{"readings":[]}""", 400, "body", null, "correct the JSON");
        data.Add($$"""{"readings":[{{Good}},]}""", 400, "readings[1]", "]", "correct the JSON");
        data.Add($$"""{"readings":[{{Good}}/**/]}""", 400, "readings[1]", "/**/", "correct the JSON");
        data.Add($$"""{"readings":[{{Good}}""", 400, "readings[1]", null, "correct the JSON");
        data.Add("{\"readings\":\n[{\"buildingId\":\"h", 400, "readings[0].buildingId", "\"h", "line 2");
        data.Add('\ufeff' + Post.Body(Good), 400, "body", null, "correct the JSON");
        data.Add(new string('[', 100_000), 400, "body", "[", "send an object");
        data.Add("{\"readings\":" + new string('[', 100_000), 400, "readings[0]", null, "depth");
        return data;
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_bad_body_is_refused_with_where_what_and_cure(string body, int status, string field, string? value, string cure)
    {
        using var http = host.ClientOfItsOwn();
        var answer = await http.SendAsync(body);
        Assert.True((int)answer.Status == status, answer.Text);
        Assert.Equal("application/problem+json", answer.MediaType);
        var error = answer.Json.GetProperty("errors")[0];
        Assert.Equal(field, error.GetProperty("field").GetString());
        if (value is not null) Assert.Equal(value, error.GetProperty("value").GetString());
        Assert.Contains(cure, error.GetProperty("cure").GetString());
        Assert.Empty(await http.BuildingsAsync());
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF_8_are_refused()
    {
        using var http = host.ClientOfItsOwn();
        foreach (var (text, bad) in new[] { ("\"good\"", "\"go\xff\""), ("\"ts\"", "\"t\xc3\""), ("good", "\xed\xa0\x80") })
        {
            var answer = await http.SendAsync(Post.Content(Encoding.Latin1.GetBytes(Post.Body(Good).Replace(text, bad))));
            Assert.True(answer.Status == HttpStatusCode.UnprocessableEntity, answer.Text);
        }
        var utf16 = await http.SendAsync(Post.Content(Encoding.Unicode.GetBytes(Post.Body(Good))));
        Assert.Equal(HttpStatusCode.BadRequest, utf16.Status);
        Assert.Empty(await http.BuildingsAsync());
    }

    [Fact]
    public async Task Every_bad_item_is_named_and_the_good_ones_are_not_stored()
    {
        using var http = host.ClientOfItsOwn();
        var answer =
            await http.SendAsync(
                Post.Body(Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? Good : """{"buildingId":"b","ts":5,"watts":"x"}""")));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        var fields = answer.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()).ToList();
        Assert.Equal(
            Enumerable.Range(0, 100).SelectMany(i => new[] { $"readings[{(2 * i) + 1}].ts", $"readings[{(2 * i) + 1}].watts" }), fields);
        Assert.Equal(200, answer.Json.GetProperty("errorCount").GetInt32());
        Assert.Equal("200 values are not acceptable: nothing was stored.", answer.Json.GetProperty("title").GetString());
        Assert.Empty(await http.BuildingsAsync());
    }

    [Fact]
    public async Task A_day_ahead_is_taken_and_more_is_not()
    {
        using var http = host.ClientOfItsOwn();
        var now = TimeProvider.System.GetUtcNow();
        Assert.Equal(HttpStatusCode.UnprocessableEntity,
            (await http.SendAsync(Post.Body(Post.Item("h", now.AddHours(24.1).ToUnixTimeMilliseconds(), 1)))).Status);
        Assert.Equal((1, 1), (await http.SendAsync(Post.Body(Post.Item("h", now.AddHours(23.9).ToUnixTimeMilliseconds(), 1)))).Counts);
        Assert.Equal((1, 1), (await http.SendAsync(Post.Body(Post.Item("h", 946_684_800_000, 1)))).Counts);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await http.SendAsync(Post.Body(Post.Item("h", 946_684_799_999, 1)))).Status);
    }

    [Fact]
    public async Task More_readings_than_a_request_may_hold_are_refused_and_as_many_are_taken()
    {
        using var http = host.ClientOfItsOwn();
        var items = Enumerable.Range(0, 100_001).Select(i => $$"""{"buildingId":"h","ts":{{Post.NewYear + i}},"watts":1}""").ToList();
        var refused = await http.SendAsync(Post.Body(items));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.Status);
        Assert.Contains("100000 readings", refused.Json.GetProperty("errors")[0].GetProperty("cure").GetString());
        Assert.Empty(await http.BuildingsAsync());
        Assert.Equal((100_000, 100_000), (await http.SendAsync(Post.Body(items.Take(100_000)))).Counts);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/jsonp")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task Another_content_type_is_refused_with_the_right_one(string? type)
    {
        using var http = host.ClientOfItsOwn();
        var answer = await http.SendAsync(Post.Content(Encoding.UTF8.GetBytes(Post.Body(Good)), type));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
        Assert.Equal("Content-Type", answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Contains("application/json", answer.Json.GetProperty("errors")[0].GetProperty("cure").GetString());
    }

    [Theory]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    public async Task Another_content_encoding_is_refused_with_the_right_one(string encoding)
    {
        using var http = host.ClientOfItsOwn();
        var answer = await http.SendAsync(Post.Content(Encoding.UTF8.GetBytes(Post.Body(Good)), encoding: encoding));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
        Assert.Equal(encoding, answer.Json.GetProperty("errors")[0].GetProperty("value").GetString());
    }

    [Fact]
    public async Task After_a_refusal_the_same_connection_takes_the_next_request()
    {
        var connections = 0;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, ct) =>
            {
                Interlocked.Increment(ref connections);
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream,
                    System.Net.Sockets.ProtocolType.Tcp)
                { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, ct);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler) { BaseAddress = host.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Jwt.Of("connections", "ingest"));
        foreach (var body in new[] { "x", "[]", Post.Body("5"), "{\"readings\":[NaN" + new string(' ', 200_000) })
        {
            Assert.InRange((int)(await http.SendAsync(body)).Status, 400, 422);
            Assert.InRange(
                (int)(await http.SendAsync(Post.Content(Post.Gzip(Encoding.UTF8.GetBytes(body)), encoding: "gzip"))).Status, 400, 422);
            Assert.Equal(1, (await http.SendAsync(Post.Body(Good))).Counts.Accepted);
        }
        Assert.Equal(1, connections);
    }
}
