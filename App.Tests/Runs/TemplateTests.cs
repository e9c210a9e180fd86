using System.Text.Json;
using App.Runs.Plans;

namespace App.Tests.Runs;

/// <summary>References: how they are read, and what they become.</summary>
public sealed class TemplateTests
{
    private static readonly JsonElement Output =
        JsonElement.Parse("""{"s":"text","n":1.50,"b":true,"z":null,"o":{"a.b":{"c":[10,{"d":"deep"}]}},"list":["x","y"]}""");

    [Theory]
    [InlineData("{{steps.a.output.s}}", "\"text\"")]
    [InlineData("{{ steps.a.output.n }}", "1.50")]
    [InlineData("{{steps.a.output.b}}", "true")]
    [InlineData("{{steps.a.output.z}}", "null")]
    [InlineData("{{steps.a.output.list}}", """["x","y"]""")]
    [InlineData("{{steps.a.output.list[1]}}", "\"y\"")]
    [InlineData("{{steps.a.output.list.0}}", "\"x\"")]
    [InlineData("{{steps.a.output.o['a.b'].c[1].d}}", "\"deep\"")]
    [InlineData("{{steps.a.status}}", "\"succeeded\"")]
    [InlineData("n={{steps.a.output.n}}, s={{steps.a.output.s}}!", "\"n=1.50, s=text!\"")]
    [InlineData("{{steps.a.output.list}} {{steps.a.output.z}}", """ "[\"x\",\"y\"] null" """)]
    [InlineData(@"\{{steps.a.output.s}} {{run.id}}", "\"{{steps.a.output.s}} 7\"")]
    [InlineData("{{run.id}}", "\"7\"")]
    [InlineData("no reference", "\"no reference\"")]
    [InlineData("}} { {", "\"}} { {\"")]
    public void A_text_becomes_what_it_refers_to(string text, string expected) =>
        Assert.Equal(expected.Trim(), Resolve(text).GetRawText());

    [Theory]
    [InlineData("{{steps.a.output.none}}",
        "'{{steps.a.output.none}}' leads nowhere: there is no 'none' in an object with s, n, b, z, o, list.")]
    [InlineData("x {{steps.a.output.list[2]}}", "'{{steps.a.output.list[2]}}' leads nowhere: there is no '2' in a list of 2.")]
    [InlineData("{{steps.a.output.s.length}}", "'{{steps.a.output.s.length}}' leads nowhere: there is no 'length' in a string.")]
    [InlineData("{{steps.a.output.z.x}}", "'{{steps.a.output.z.x}}' leads nowhere: there is no 'x' in null.")]
    [InlineData("{{steps.a.error}}", "'{{steps.a.error}}' has no value: step 'a' has no error.")]
    public void What_leads_nowhere_is_named(string text, string error) =>
        Assert.Equal(error, Assert.Throws<MissingValueException>(() => Resolve(text)).Message);

    [Theory]
    [InlineData("{{}}")]
    [InlineData("{{steps}}")]
    [InlineData("{{steps.a}}")]
    [InlineData("{{steps.a.outputs}}")]
    [InlineData("{{steps.a.output.}}")]
    [InlineData("{{steps.a.output[x]}}")]
    [InlineData("{{steps.a.output..b}}")]
    [InlineData("{{run.secret}}")]
    [InlineData("{{a}} and {{run.id}}")]
    [InlineData("{{run.id")]
    public void What_is_no_reference_is_a_fault(string text)
    {
        Template.Parse(text, out var fault);
        Assert.NotNull(fault);
    }

    [Fact]
    public void A_step_may_have_dots_in_its_name() =>
        Assert.Equal(("fetch.v2", "output"),
            Reference.Parse("steps.fetch.v2.output.x") is { } found ? (found.Step, found.Property) : default);

    [Fact]
    public void Resolution_is_bounded()
    {
        var large = JsonSerializer.SerializeToElement(new string('x', 1 << 20));
        var input = JsonSerializer.SerializeToElement(new { items = Enumerable.Repeat("{{steps.a.output}}", 100) });
        Assert.Contains("larger than 4 MB", Assert.Throws<MissingValueException>(() => ResolvedInput.Of(input, _ => large)).Message);
        var one = JsonSerializer.SerializeToElement(new { text = string.Concat(Enumerable.Repeat("{{steps.a.output}} ", 100)) });
        Assert.Contains("larger than 4 MB", Assert.Throws<MissingValueException>(() => ResolvedInput.Of(one, _ => large)).Message);
    }

    private static JsonElement Resolve(string text) =>
        ResolvedInput.Of(JsonSerializer.SerializeToElement(text), reference => (reference.Step, reference.Property) switch
    {
        (null, "id") => JsonSerializer.SerializeToElement("7"),
        ("a", "output") => Output,
        ("a", "status") => JsonSerializer.SerializeToElement("succeeded"),
        _ => null,
    });
}
