using App.Development;
using App.Energy.Disaggregation;
using App.Energy.Readings;
using App.Engines.Background;
using App.Engines.Jobs;
using App.Engines.Models;
using App.Engines.Schedules;
using App.Engines.Streams;
using App.Exchange.Commerce;
using App.Exchange.Messages;
using App.Exchange.Webhooks;
using App.Platform;
using App.Runs;
using App.Signs.Fingerspelling;
using App.Training;
using App.WebConsole;

namespace App;

/// <summary>The slices, in order: a slice may use only those above it.</summary>
internal static class Modules
{
    /// <summary>Every module of the product.</summary>
    public static IReadOnlyList<Module> All { get; } =
    [
        new StreamsModule(),
        new JobsModule(),
        new BackgroundModule(),
        new SchedulesModule(),
        new ModelsModule(),
        new RunsModule(),
        new ReadingsModule(),
        new DisaggregationModule(),
        new FingerspellingModule(),
        new MessagesModule(),
        new CommerceModule(),
        new WebhooksModule(),
        new TrainingModule(),
        new ConsoleModule(),
        new DevelopmentModule(),
    ];
}
