using System.Reflection;
using App.Engines.Background;
using App.Engines.Jobs;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace App.Tests.Architecture;

/// <summary>What the two roles are made of, and that the entities fit the schema.</summary>
public sealed class CompositionTests(AppHost web) : IClassFixture<AppHost>
{
    private static readonly string[] OfTheWebRole = ["Draining", "GroupCommit", "LiveWatch", "ModelRefresher", "Notifications",
        "ShadowRunner"];

    [Fact]
    public async Task No_worker_service_runs_in_the_web_role()
    {
        await using var worker = await AppHost.StartAsync(null, ("WORKER_ENABLED", "true"));
        var (ofWeb, ofWorker) = (Hosted(web), Hosted(worker));
        Assert.Equal(OfTheWebRole, ofWeb);
        Assert.Superset(ofWeb.ToHashSet(), ofWorker.ToHashSet());
        foreach (var service in new[] { "StreamWorker", "JobWorker", "ScheduleWorker", "Leader", "BackgroundAnnouncement" })
        {
            Assert.DoesNotContain(service, ofWeb);
            Assert.Contains(service, ofWorker);
        }
    }

    [Fact]
    public void Kinds_of_jobs_are_those_of_the_checked_in_list() =>
        // A queued job outlives the class that did it: a name may be added to the list, and never leaves it.
        Assert.Equal(File.ReadAllLines(Path.Combine(Sources.Root, "App.Tests/Architecture/JobKinds.txt")),
            web.Services.GetServices<JobKind>().Select(kind => kind.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Background_jobs_are_those_of_the_checked_in_list() =>
        // What is queued names class and arguments: a line may be added, and is changed or taken out only when nothing of it can be queued
        // any more.
        Assert.Equal(File.ReadAllLines(Path.Combine(Sources.Root, "App.Tests/Architecture/BackgroundJobs.txt")),
            web.Services.GetRequiredService<BackgroundJobTypes>().All
                .Select(job => $"{job.Queue} {job.Type.FullName}({Parameters(job.Type.GetMethod(BackgroundJobType.Method)!)})")
                .Order(StringComparer.Ordinal));

    [Fact]
    public async Task Every_entity_queries_against_the_migrated_schema()
    {
        await using var scope = web.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
        var query = typeof(CompositionTests).GetMethod(nameof(QueryAsync), BindingFlags.NonPublic | BindingFlags.Static)!;
        var entities = db.Model.GetEntityTypes().ToList();
        Assert.InRange(entities.Count, 5, 200);
        foreach (var entity in entities) await (Task)query.MakeGenericMethod(entity.ClrType).Invoke(null, [db])!;
    }

    private static async Task QueryAsync<T>(AppDbContext db) where T : class => await db.Set<T>().AsNoTracking().Take(1).ToListAsync();

    private static string Parameters(MethodInfo method) =>
        string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name));

    private static List<string> Hosted(AppHost host) =>
        [.. host.Services.GetServices<IHostedService>().Select(service => service.GetType())
            .Where(type => type.Assembly == typeof(Modules).Assembly).Select(type => type.Name).Order()];
}
