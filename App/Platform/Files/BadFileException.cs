namespace App.Platform.Files;

/// <summary>A fault in the content of a file: path, line where there is one, value and cure. A command that meets it ends with <see cref="ExitCode"/>.</summary>
internal sealed class BadFileException(string path, long line, string fault)
    : Exception(line > 0 ? $"{path}, line {line}: {fault}" : $"{path}: {fault}")
{
    /// <summary>EX_DATAERR of sysexits.h.</summary>
    public const int ExitCode = 65;

    /// <summary>Runs a command whose files may be bad: the fault goes to stderr.</summary>
    public static async Task<int> ReportAsync(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (BadFileException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return ExitCode;
        }
    }
}
