using System.Text.RegularExpressions;
using App.Platform;

namespace App.Tests.Architecture;

/// <summary>A slice uses only those above it in <see cref="Modules"/>, and each is one folder with one module.</summary>
public sealed partial class SliceTests
{
    // The one namespace that is not called as its folder: App.Console would hide System.Console everywhere.
    private const string ConsoleNamespace = "App.WebConsole";

    private static readonly string[] Order = ["Platform", .. Modules.All.Select(module => Slice(module.GetType()))];

    [Fact]
    public void A_slice_uses_only_slices_above_it() =>
        Assert.Empty(Sources.Of("App").Where(source => source.Path.Contains('/'))
            .SelectMany(source => Violations(source.Path.Split('/')[0], source.Text).Select(used => $"{source.Path} uses {used}")));

    [Theory]
    [InlineData("Readings", "using App.Disaggregation;\nusing App.Streams;", "Disaggregation")]
    [InlineData("Platform", "var x = App.Readings.Reading;", "Readings")]
    [InlineData("Streams", "namespace App.Streams;\nusing static App.Models.ModelSpec;", "Models")]
    public void A_planted_violation_is_seen(string slice, string source, string used) => Assert.Equal([used], Violations(slice, source));

    [Fact]
    public void Every_folder_is_a_slice_with_one_module_named_for_it()
    {
        var folders = Directory.EnumerateDirectories(Path.Combine(Sources.Root, "App")).Select(Path.GetFileName).Except(["bin", "obj", "wwwroot", "Properties"]).Order();
        Assert.Equal(Order.Order(), folders);
        Assert.Equal(Order.Length, Order.Distinct().Count());
        var modules = typeof(Module).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Module))).ToList();
        Assert.Equal(Modules.All.Select(module => module.GetType().FullName).Order(), modules.Select(type => type.FullName).Order());
        Assert.All(modules, type => Assert.Equal($"{type.Namespace}.{Slice(type)}Module", type.FullName));
    }

    [Fact]
    public void A_file_lies_in_the_folder_of_its_namespace() =>
        Assert.Empty(Sources.Of("App").Where(source =>
        {
            var folder = Path.GetDirectoryName(source.Path)!.Replace('\\', '/');
            var expected = folder.Length == 0 ? "App" : "App." + folder.Replace('/', '.');
            return Namespace().Match(source.Text) is { Success: true } match && match.Groups["name"].Value.Replace(ConsoleNamespace, "App.Console") != expected;
        }).Select(source => source.Path));

    private static string Slice(Type type) => Folder(type.Namespace!.Split('.')[1]);

    private static string Folder(string name) => "App." + name == ConsoleNamespace ? "Console" : name;

    private static IEnumerable<string> Violations(string slice, string source) =>
        Reference().Matches(source).Select(match => Folder(match.Groups[1].Value)).Distinct()
            .Where(used => Array.IndexOf(Order, used) > Array.IndexOf(Order, slice));

    [GeneratedRegex(@"\bApp\.([A-Z]\w+)")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Namespace();
}
