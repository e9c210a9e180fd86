using System.Diagnostics;
using System.Text;
using System.Text.Json;
using App.Exchange.Webhooks;

namespace App.Tests.Exchange.Webhooks;

/// <summary>JSON as JavaScript writes it, checked by a JavaScript engine.</summary>
public sealed class JavaScriptJsonTests
{
    [Theory]
    [InlineData("""{ "b" : 1.0 , "a" : [ 1e21, 1E-7, -0, 0.1, 100000000000000000000, 123456789012345678901 ] }""")]
    [InlineData("""{"10":1,"9":2,"x":3,"01":4,"-1":5,"4294967294":6,"4294967295":7}""")]
    [InlineData("""{"a":1,"b":2,"a":3}""")]
    [InlineData("""{"t":"Ada \u0041\u00e9 \/ \" \\ \b\f\n\r\t \u0001 \u001f \u007f \u2028 \ud83d\ude00 \ud83d x \ude00","é":"€😀"}""")]
    [InlineData("""{"n":[5e-324,1.7976931348623157e308,9007199254740993,0.000001,0.0000001,123e-20,1e400,-1e400,4.35,0.3]}""")]
    [InlineData("""[]""")]
    [InlineData("""{}""")]
    [InlineData("""[[],{},[{"a":[null,true,false]}],""]""")]
    [InlineData("\"text\"")]
    public async Task It_is_what_JSON_stringify_writes(string json) =>
    Assert.Equal(await StringifyAsync([json]), [Encoding.UTF8.GetString(JavaScriptJson.Stringify(Encoding.UTF8.GetBytes(json)))]);

    [Fact]
    public async Task Three_thousand_numbers_and_texts_by_chance_are_written_as_JavaScript_writes_them()
    {
        var random = new Random(7);
        var inputs = Enumerable.Range(0, 3000).Select(_ => $$"""{"n":{{Number(random)}},"t":"{{Text(random)}}"}""").ToList();
        Assert.Equal(await StringifyAsync(inputs),
            inputs.Select(input => Encoding.UTF8.GetString(JavaScriptJson.Stringify(Encoding.UTF8.GetBytes(input)))));
    }

    [Theory]
    [InlineData("""{"event":"x", "data" : {"a": 1} , "z":2}""", """{"a": 1}""")]
    [InlineData("""{"data":1,"data":[2]}""", "[2]")]
    [InlineData("""{"dat\u0061":"x"}""", "\"x\"")]
    [InlineData("""{"x":{"data":1}}""", "")]
    [InlineData("[1]", "")]
    public void A_member_is_cut_out_as_it_stands(string json, string member) =>
    Assert.Equal(member, Encoding.UTF8.GetString(JavaScriptJson.Member(Encoding.UTF8.GetBytes(json), "data")));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"data":}""")]
    [InlineData("nonsense")]
    public void What_is_no_JSON_is_told(string json) =>
    Assert.ThrowsAny<JsonException>(() =>
        JavaScriptJson.Member(Encoding.UTF8.GetBytes(json), "data").Length + JavaScriptJson.Stringify(Encoding.UTF8.GetBytes(json)).Length);

    private static string Number(Random random) => random.Next(5) switch
    {
        0 => random.Next(-100_000, 100_000).ToString(),
        1 => $"{random.Next(0, 10_000)}.{random.Next(0, 1000):000}0",
        2 => FormattableString.Invariant($"{random.NextDouble():R}"),
        3 => $"{random.Next(1, 10)}.{random.NextInt64(1, long.MaxValue)}e{random.Next(-330, 310)}",
        _ => FormattableString.Invariant($"{BitConverter.Int64BitsToDouble(random.NextInt64() & ~(1L << 62)):E17}"),
    };

    private static string Text(Random random) => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(4) switch
    {
        0 => $"\\u{random.Next(0x10000):x4}",
        1 => ((string[])["\\n", "\\\"", "\\\\", "\\/", "\\b"])[random.Next(5)],
        2 => char.ConvertFromUtf32(random.Next(0x10000, 0x110000)),
        _ => ((char)random.Next('a', 'z')).ToString(),
    }));

    private static async Task<IReadOnlyList<string>> StringifyAsync(IReadOnlyList<string> inputs)
    {
        using var node =
            Process.Start(new ProcessStartInfo("node",
                ["-e",
                    "const { createInterface } = require('readline'); createInterface({ input: process.stdin, crlfDelay: "
                    + "Infinity }).on('line', line => process.stdout.write(JSON.stringify(JSON.parse(line)) + '\\n'));"])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                StandardInputEncoding = new UTF8Encoding(false),
                StandardOutputEncoding = Encoding.UTF8,
            })!;
        var reading = node.StandardOutput.ReadToEndAsync();
        foreach (var input in inputs) await node.StandardInput.WriteAsync(input + "\n");
        node.StandardInput.Close();
        var written = await reading;
        await node.WaitForExitAsync();
        Assert.Equal(0, node.ExitCode);
        return written.TrimEnd('\n').Split('\n');
    }
}
