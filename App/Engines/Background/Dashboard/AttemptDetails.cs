using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using App.Engines.Background.Running;
using Hangfire.Dashboard;

namespace App.Engines.Background.Dashboard;

/// <summary>Progress and log lines of an attempt on the page of its job.</summary>
internal static class AttemptDetails
{
    /// <summary>What stands there; nothing for a job that has told nothing.</summary>
    public static NonEscapedString Render(JobDetailsRendererDto job)
    {
        var html = new StringBuilder();
        if (Read<AttemptProgress>(job, BackgroundAttempt.ProgressParameter) is { } progress)
        {
            var percent = (progress.Fraction * 100).ToString("0", CultureInfo.InvariantCulture);
            html.Append(
                $"""<h3>Progress</h3><p class="attempt-progress"><progress max="100" value="{percent}"></progress> {percent} % """
                + $"{Encode(progress.Text ?? "")}</p>");
        }
        if (Read<List<string>>(job, BackgroundAttempt.LogParameter) is { Count: > 0 } lines)
            html.Append($"""<h3>Log of the last attempt</h3><pre class="attempt-log">{Encode(string.Join('\n', lines))}</pre>""");
        return new(html.ToString());
    }

    private static T? Read<T>(JobDetailsRendererDto job, string name) where T : class =>
        job.JobDetails.Properties.TryGetValue(name, out var text) ? JsonSerializer.Deserialize<T>(text, JsonSerializerOptions.Web) : null;

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
