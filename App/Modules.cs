using App.Commerce;
using App.Disaggregation;
using App.Fingerspelling;
using App.Jobs;
using App.Messages;
using App.Models;
using App.Platform;
using App.Readings;
using App.Runs;
using App.Schedules;
using App.Simulation;
using App.Streams;
using App.Training;
using App.WebConsole;
using App.Webhooks;

namespace App;

/// <summary>The slices, in order: a slice may use only those above it.</summary>
internal static class Modules
{
    /// <summary>Every module of the product.</summary>
    public static IReadOnlyList<Module> All { get; } =
    [
        new JobsModule(),
        new SchedulesModule(),
        new StreamsModule(),
        new ModelsModule(),
        new ReadingsModule(),
        new DisaggregationModule(),
        new FingerspellingModule(),
        new TrainingModule(),
        new RunsModule(),
        new SimulationModule(),
        new MessagesModule(),
        new CommerceModule(),
        new WebhooksModule(),
        new ConsoleModule(),
    ];
}
