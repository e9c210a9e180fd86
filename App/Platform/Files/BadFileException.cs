namespace App.Platform.Files;

/// <summary>
/// A fault in the content of a file: path, line where there is one, value and cure. A command that meets it ends with exit code 65.
/// </summary>
internal sealed class BadFileException(string path, long line, string fault)
    : Exception(line > 0 ? $"{path}, line {line}: {fault}" : $"{path}: {fault}");
