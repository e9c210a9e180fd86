using System.Collections.Immutable;
using App.Engines.Background.Dashboard;
using Hangfire;
using Hangfire.Logging;
using Newtonsoft.Json;
using Level = Hangfire.Logging.LogLevel;

namespace App.Engines.Background;

/// <summary>
/// What Hangfire has one of in a process, whatever hosts there are: how jobs are written down, pages, and where its log
/// goes. Set once; a host gives only its logger, as long as it lives.
/// </summary>
internal sealed class BackgroundHost : IDisposable
{
    private static readonly Lazy<bool> Pages = new(AddPages);
    private static ImmutableList<ILoggerFactory> living = [];
    private readonly ILoggerFactory logger;

    /// <summary>A host begins.</summary>
    public BackgroundHost(ILoggerFactory logger)
    {
        this.logger = logger;
        ImmutableInterlocked.Update(ref living, hosts => hosts.Add(logger));
    }

    /// <summary>How calls are written down and read: no name of a type is believed but those that <see cref="TypeNames"/> allows.</summary>
    public static void UseStoredForm() => GlobalConfiguration.Configuration
        .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
        .UseSimpleAssemblyNameTypeSerializer()
        .UseRecommendedSerializerSettings(json => json.TypeNameHandling = TypeNameHandling.None)
        .UseTypeResolver(TypeNames.Resolve);

    /// <summary>Configures Hangfire for the process.</summary>
    public static void Configure(IGlobalConfiguration hangfire)
    {
        UseStoredForm();
        hangfire.UseLogProvider(new Provider());
        _ = Pages.Value;
    }

    /// <inheritdoc/>
    public void Dispose() => ImmutableInterlocked.Update(ref living, hosts => hosts.Remove(logger));

    private static bool AddPages()
    {
        GlobalConfiguration.Configuration.UseJobDetailsRenderer(10, AttemptDetails.Render)
            .UseDashboardJavaScript(typeof(BackgroundHost).Assembly, BackgroundDashboard.Script);
        return true;
    }

    private sealed class Provider : ILogProvider
    {
        public ILog GetLogger(string name) => new Log(name);
    }

    // What Hangfire tells of itself at "info" is for those who look into it: one level lower.
    private sealed class Log(string name) : ILog
    {
        bool ILog.Log(Level logLevel, Func<string>? messageFunc, Exception? exception)
        {
            var level = logLevel switch
            {
                Level.Fatal => Microsoft.Extensions.Logging.LogLevel.Critical,
                Level.Error => Microsoft.Extensions.Logging.LogLevel.Error,
                Level.Warn => Microsoft.Extensions.Logging.LogLevel.Warning,
                Level.Info => Microsoft.Extensions.Logging.LogLevel.Debug,
                _ => Microsoft.Extensions.Logging.LogLevel.Trace,
            };
            if (living is not [.., var host]) return false;
            var log = host.CreateLogger(name);
            if (!log.IsEnabled(level)) return false;
            if (messageFunc is not null) log.Log(level, exception, "{Message:l}", messageFunc());
            return true;
        }
    }
}
