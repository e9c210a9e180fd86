using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using App.Engines.Jobs.Upkeep;
using App.Exchange.Messages;
using App.Exchange.Messages.Upkeep;
using App.Tests.Architecture;
using App.Tests.Energy.Readings;
using App.Tests.Exchange.Commerce;
using App.Tests.Exchange.Messages;
using App.Tests.Exchange.Webhooks;
using App.Tests.Fixtures;
using App.Tests.Runs;
using App.Tests.Signs.Fingerspelling.Live;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Platform.Observability;

/// <summary>
/// Dashboards and alerts name metrics and their labels, so both are promises. The list of them is checked in: a busy
/// process shows exactly what it says.
/// </summary>
public sealed partial class MetricListTests
{
    // Shown only while there is something to show.
    private static readonly string[] Seldom = ["tandem_jobs_pinned_seconds", "dotnet_exceptions_total"];

    private static readonly string ListPath = Path.Combine(Sources.Root, "App.Tests/Platform/Observability/Metrics.txt");

    [Fact]
    public async Task A_busy_process_shows_the_metrics_of_the_list()
    {
        await using var messages = await MessageHost.StartAsync(("PAYSTACK_SECRET_KEY", CommerceHost.Secret));
        var host = messages.App;
        await BeBusyAsync(messages);

        var expected = (await File.ReadAllLinesAsync(ListPath)).Where(line => line.Length > 0 && line[0] != '#')
            .Order(StringComparer.Ordinal).ToList();
        var shown = new List<string>();
        await Poll.UntilAsync("every metric is shown", async () =>
        {
            shown = FamiliesOf(await host.Http.GetStringAsync("/metrics"));
            return expected.Where(line => !Seldom.Contains(line.Split(' ')[0])).All(shown.Contains);
        }, whatElse: () => $"Missing: {string.Join("; ", expected.Except(shown))}. Shown: {string.Join("; ", shown.Except(expected))}");
        Assert.Empty(shown.Except(expected));
    }

    private static async Task BeBusyAsync(MessageHost messages)
    {
        var host = messages.App;
        await host.Http.SendAsync(
            Post.Body(Enumerable.Range(0, 200).Select(i => Post.Item("busy", Post.NewYear + (i * 60_000), 100 + (i % 7 * 200)))));
        await host.ExecuteAsync("""
            with head as (update stream_shards set head = head + 1 where stream = 'readings' and shard = 0 returning head)
            insert into stream_entries (stream, shard, entry_offset, payload) select 'readings', 0, head, '\x00' from head
            """);
        await host.Http.RunToEndAsync(RunClient.Step("a", "http.request", new { url = messages.UrlOf("/step") }));
        await messages.UntilAsync(await messages.PostAsync(MessageChannel.Webhook, messages.UrlOf("/hook"), new { a = 1 }),
            MessageState.Delivered);
        await messages.PostAsync(MessageChannel.Webhook, "https://192.0.2.1/nowhere", new { a = 1 });
        var schedules = await host.Http.GetFromJsonAsync<JsonElement>("/api/schedules");
        using (await host.Http.PostAsync(
            $"/api/schedules/{schedules.GetProperty("schedules")[0].GetProperty("key").GetString()}/trigger", null))
        {
        }
        await host.Http.StockAsync("busy", 1);
        await host.Http.ReserveAsync("busy", 1, "busy");
        await host.PaystackSaysAsync("charge.success", Sender.Charge("of-nothing", 500_00));
        using (var live = await LiveClient.ConnectAsync(host.Address, key: AppHost.AdminKey)) await live.AskAsync(1, 3);
        await LiveClient.StatusAsync(host.Address);
        // Counted by the leader every half a minute, which need not be waited for.
        await host.Services.GetRequiredService<MessageGauges>().RunOnceAsync(default);
        await host.Services.GetRequiredService<JobGauges>().RunOnceAsync(default);
    }

    // "name type labels" of the product's families and the frameworks'.
    private static List<string> FamiliesOf(string text)
    {
        var types = Types().Matches(text).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["type"].Value.Trim());
        var labels = types.Keys.ToDictionary(name => name, _ => new SortedSet<string>(StringComparer.Ordinal));
        foreach (Match sample in Samples().Matches(text))
        {
            var name = sample.Groups["name"].Value;
            if (!types.ContainsKey(name)) name = Suffix().Replace(name, "");
            foreach (Match label in Labels().Matches(sample.Groups["labels"].Value))
                if (label.Groups[1].Value != "le") labels[name].Add(label.Groups[1].Value);
        }
        return [.. types.Select(type => $"{type.Key} {type.Value} {string.Join(',', labels[type.Key])}".TrimEnd())
            .Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("^# TYPE (?<name>\\S+) (?<type>\\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Types();

    [GeneratedRegex("^(?<name>[a-z_0-9]+)(?<labels>\\{.*\\})? ", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Samples();

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Suffix();

    [GeneratedRegex("([a-z_0-9]+)=\"")]
    private static partial Regex Labels();
}
