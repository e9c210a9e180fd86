using App.Platform.Configuration;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;
using Serilog.Formatting.Json;

namespace App.Platform.Observability;

/// <summary>Serilog to the console: readable in development, one JSON object a line in production, secrets blanked.</summary>
internal static class Logging
{
    /// <summary>A logger for these options.</summary>
    public static Logger Create(PlatformOptions options, Variables variables)
    {
        ITextFormatter format = options.Production
            ? new JsonFormatter(renderMessage: true)
            : new MessageTemplateTextFormatter("[{Timestamp:HH:mm:ss} {Level:u3}] {Message:lj}{NewLine}{Exception}");
        return new LoggerConfiguration()
            .MinimumLevel.Is(Level(options.LogLevel))
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            // It logs what it throws as well, a page for each request while the database is away.
            .MinimumLevel.Override("Microsoft.EntityFrameworkCore", LogEventLevel.Fatal)
            .MinimumLevel.Override(typeof(Auth.KeyAuthentication).FullName!, LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .MinimumLevel.Override("Npgsql", LogEventLevel.Error)
            .Enrich.WithProperty("Role", options.Role)
            .Enrich.With<OrganizationEnricher>()
            .WriteTo.Console(new RedactingFormatter(format, variables.Secrets()))
            .CreateLogger();
    }

    private static LogEventLevel Level(string name) => name switch
    {
        "debug" => LogEventLevel.Debug,
        "warn" or "warning" => LogEventLevel.Warning,
        "error" => LogEventLevel.Error,
        _ => LogEventLevel.Information,
    };
}

/// <summary>Blanks known secrets in whatever is about to be written, exceptions included.</summary>
internal sealed class RedactingFormatter(ITextFormatter inner, IReadOnlyList<string> secrets) : ITextFormatter
{
    // As they are, and as JSON writes them.
    private readonly string[] forms = [.. secrets.Concat(secrets.Select(Escaped)).Distinct().OrderByDescending(form => form.Length)];

    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        if (forms.Length == 0)
        {
            inner.Format(logEvent, output);
            return;
        }
        using var text = new StringWriter();
        inner.Format(logEvent, text);
        var line = text.ToString();
        foreach (var form in forms) line = line.Replace(form, "***", StringComparison.Ordinal);
        output.Write(line);
    }

    private static string Escaped(string secret)
    {
        using var quoted = new StringWriter();
        JsonValueFormatter.WriteQuotedJsonString(secret, quoted);
        return quoted.ToString()[1..^1];
    }
}
