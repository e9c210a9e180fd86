using System.Text.RegularExpressions;

namespace App.Tests.Architecture;

/// <summary>What may stand in a source file, and where.</summary>
public sealed partial class SourceTests
{
    [Theory]
    [InlineData("Engines/Models", @"\bOnnxRuntime\b")]
    [InlineData("Engines/Schedules", @"\bQuartz\b")]
    [InlineData("Engines/Background", @"\b(using|=) Hangfire\b|\bHangfire\.\w|\bIBackgroundJobClient\b")]
    public void A_library_is_named_in_its_slice_alone(string slice, string pattern) =>
        Assert.Empty(
            Sources.Of("App")
                .Where(source =>
                    !source.Path.StartsWith(slice + "/", StringComparison.Ordinal)
                        && Code(source.Text).Any(line => Regex.IsMatch(line, pattern))).Select(source => source.Path));

    // Its lock expires under its holder.
    [Fact]
    public void Nobody_relies_on_a_lock_of_Hangfire() =>
        Assert.Empty(Sources.Of("App")
            .Where(source => source.Text.Contains("DisableConcurrentExecution", StringComparison.Ordinal)).Select(source => source.Path));

    [Fact]
    public void Time_comes_from_the_time_provider_and_nobody_sleeps() =>
        Assert.Empty(Sources.Of("App").SelectMany(source => Clock().Matches(source.Text).Select(match => $"{source.Path}: {match.Value}")));

    [Theory]
    [InlineData("var now = DateTime.UtcNow;")]
    [InlineData("DateTimeOffset.Now")]
    [InlineData("Thread.Sleep(1)")]
    public void A_planted_look_at_the_clock_is_seen(string source) => Assert.Matches(Clock(), source);

    [Theory]
    [InlineData("App")]
    [InlineData("App.Tests")]
    [InlineData("Migrations")]
    [InlineData("bench")]
    public void No_file_is_longer_than_400_lines(string folder) =>
        Assert.Empty(Sources.Of(folder).Where(source => source.Text.Count(c => c == '\n') > 400).Select(source => source.Path));

    [Theory]
    [InlineData("App")]
    [InlineData("App.Tests")]
    [InlineData("Migrations")]
    [InlineData("bench")]
    public void No_line_is_longer_than_140_characters(string folder) =>
        Assert.Empty(
            from source in Sources.Of(folder)
            from line in source.Text.Split('\n')
            where line.Length > 140
            select $"{source.Path}: {line.Trim()}");

    [Fact]
    public void Nothing_is_left_to_be_done_or_switched_off() =>
        Assert.Empty(
            Sources.Of("App").SelectMany(source => Leftover().Matches(source.Text).Select(match => $"{source.Path}: {match.Value}")));

    // Comments may name what they explain.
    private static IEnumerable<string> Code(string text) =>
        text.Split('\n').Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal));

    [GeneratedRegex(@"\b(DateTime\.(UtcNow|Now|Today)|DateTimeOffset\.(UtcNow|Now)|Thread\.Sleep)\b")]
    private static partial Regex Clock();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|#region|NotImplementedException")]
    private static partial Regex Leftover();
}
