using System.CommandLine;
using App.Platform.Commands;

namespace App.Engines.Models;

/// <summary>What the commands of all tasks have in common: their first words, and the option that names a model.</summary>
internal static class ModelCommands
{
    /// <summary><c>App evaluate …</c>.</summary>
    public static Command Evaluate(RootCommand root) => root.Group("evaluate", "Scores a model on data whose truth is known.");

    /// <summary><c>App train …</c>.</summary>
    public static Command Train(RootCommand root) => root.Group("train", "Trains a model and writes or registers it.");

    /// <summary><c>--model</c>, as <see cref="OfflineModel"/> reads it.</summary>
    public static Option<string?> Model() => CommandOptions.Text("--model", "file.onnx|name@version",
        "The model; by default the active version of DATABASE_URL, else the one that comes with the application.");

    /// <summary><c>--data</c>, as <see cref="Platform.Files.CsvFiles"/> reads it.</summary>
    public static Option<string> Data(string description) => CommandOptions.Required("--data", "file.csv[.gz]|folder", description);
}
