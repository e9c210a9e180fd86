namespace App.Tests.Fixtures;

/// <summary>A folder in the temporary folder, deleted on dispose.</summary>
public sealed class TestFolder : IDisposable
{
    private TestFolder(string path) => Path = path;

    /// <summary>The full path.</summary>
    public string Path { get; }

    /// <summary>Makes an empty one that other users can pass through, as a server's user must when tests run as root.</summary>
    /// <param name="suffix">Ends its name.</param>
    public static TestFolder Create(string suffix = "")
    {
        var folder = new TestFolder(System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"tandem-test-{Guid.NewGuid():N}{suffix}"));
        Directory.CreateDirectory(folder.Path);
        return folder;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
