using System.Text.RegularExpressions;
using App.Platform;

namespace App.Tests.Architecture;

/// <summary>A slice uses only those above it in <see cref="Modules"/>, and each is one folder with one module.</summary>
public sealed partial class SliceTests
{
    // The one namespace that is not called as its folder: App.Console would hide System.Console everywhere.
    private const string ConsoleNamespace = "App.WebConsole";

    // Folders that hold slices and no code of their own.
    private static readonly string[] Groups = ["Engines", "Energy", "Signs", "Exchange"];

    private static readonly string[] Order = ["Platform", .. Modules.All.Select(module => Slice(module.GetType()))];

    [Fact]
    public void A_slice_uses_only_slices_above_it() =>
        Assert.Empty(Sources.Of("App").Where(source => source.Path.Contains('/'))
            .SelectMany(source => Violations(Slice(source.Path.Split('/')), source.Text).Select(used => $"{source.Path} uses {used}")));

    [Theory]
    [InlineData("Energy.Readings", "using App.Energy.Disaggregation;\nusing App.Engines.Streams;", "Energy.Disaggregation")]
    [InlineData("Platform", "var x = App.Energy.Readings.Reading;", "Energy.Readings")]
    [InlineData("Engines.Streams", "namespace App.Engines.Streams;\nusing static App.Engines.Models.ModelSpec;", "Engines.Models")]
    [InlineData("Runs", "using App.Development;", "Development")]
    public void A_planted_violation_is_seen(string slice, string source, string used) => Assert.Equal([used], Violations(slice, source));

    [Fact]
    public void Every_folder_is_a_slice_with_one_module_named_for_it()
    {
        var folders = Folders("App").Except(["bin", "obj", "wwwroot", "Properties"])
            .SelectMany(folder => Groups.Contains(folder) ? Folders($"App/{folder}").Select(slice => $"{folder}.{slice}") : [folder]);
        Assert.Equal(Order.Order(), folders.Order());
        Assert.Equal(Order.Length, Order.Distinct().Count());
        var modules = typeof(Module).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Module))).ToList();
        Assert.Equal(Modules.All.Select(module => module.GetType().FullName).Order(), modules.Select(type => type.FullName).Order());
        Assert.All(modules, type => Assert.Equal($"{type.Namespace}.{Slice(type).Split('.')[^1]}Module", type.FullName));
    }

    [Fact]
    public void A_group_holds_no_code_of_its_own() =>
        Assert.Empty(Sources.Of("App")
            .Select(source => source.Path.Split('/')).Where(path => path.Length == 2 && Groups.Contains(path[0])).Select(path => path[1]));

    [Theory]
    [InlineData("App")]
    [InlineData("App.Tests")]
    public void A_file_lies_in_the_folder_of_its_namespace(string project) =>
        Assert.Empty(Sources.Of(project).Where(source =>
        {
            var folder = Path.GetDirectoryName(source.Path)!.Replace('\\', '/');
            var expected = folder.Length == 0 ? project : project + "." + folder.Replace('/', '.');
            return Namespace().Match(source.Text) is { Success: true } match && !Said(match).Contains(expected);
        }).Select(source => source.Path));

    private static IEnumerable<string> Folders(string path) =>
        Directory.EnumerateDirectories(Path.Combine(Sources.Root, path)).Select(folder => Path.GetFileName(folder)!);

    // What a namespace may mean as a folder.
    private static IEnumerable<string> Said(Match match) =>
        [match.Groups["name"].Value, match.Groups["name"].Value.Replace("WebConsole", "Console")];

    private static string Slice(Type type) => Slice(type.Namespace!.Replace(ConsoleNamespace, "App.Console").Split('.')[1..]);

    // Of a path of folders or names: the first, or the first two where the first is a group.
    private static string Slice(string[] path) => Groups.Contains(path[0]) && path.Length > 1 ? $"{path[0]}.{path[1]}" : path[0];

    private static IEnumerable<string> Violations(string slice, string source) =>
        Reference()
            .Matches(source).Select(match => Slice(match.Groups["path"].Value.Replace("WebConsole", "Console").Split('.'))).Distinct()
            .Where(used => Array.IndexOf(Order, used) > Array.IndexOf(Order, slice));

    [GeneratedRegex(@"\bApp\.(?<path>[A-Z]\w+(\.[A-Z]\w+)?)", RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Namespace();
}
