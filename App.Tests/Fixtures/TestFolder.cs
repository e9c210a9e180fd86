namespace App.Tests.Fixtures;

/// <summary>A folder that is deleted on dispose.</summary>
public sealed class TestFolder : IDisposable
{
    private TestFolder(string path) => Path = path;

    /// <summary>The full path.</summary>
    public string Path { get; }

    /// <summary>Makes an empty one that other users can pass through, as a server's user must when tests run as root.</summary>
    /// <param name="suffix">Ends its name.</param>
    /// <param name="parent">Where; null: in the temporary folder.</param>
    public static TestFolder Create(string suffix = "", string? parent = null)
    {
        var folder = new TestFolder(
            System.IO.Path.Combine(parent ?? System.IO.Path.GetTempPath(), $"tandem-test-{Guid.NewGuid():N}{suffix}"));
        Directory.CreateDirectory(folder.Path);
        return folder;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
