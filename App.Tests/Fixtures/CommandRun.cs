using App.Platform.Commands;
using App.Platform.Configuration;
using App.Tests.Platform.Serving;

namespace App.Tests.Fixtures;

/// <summary>The image's commands, run in the process of the tests.</summary>
internal static class CommandRun
{
    /// <summary>Progress that nobody reads.</summary>
    public static CommandProgress NoProgress { get; } = new PlainProgress(TextWriter.Null, TimeProvider.System);

    /// <summary>Runs one to its end.</summary>
    public static async Task<CommandResult> RunAsync(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandHost.RunAsync(args, Program.Commands(Variables.Of(new Dictionary<string, string?>())), output, error,
            CancellationToken.None);
        return new(code, output.ToString(), error.ToString());
    }
}
