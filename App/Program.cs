using App;
using App.Platform;
using App.Platform.Configuration;

var line = CommandLine.Parse(args);
var name = string.Join(' ', line.Words);
var command = Modules.All.SelectMany(module => module.Commands).FirstOrDefault(c => c.Name == name);
return command is null ? 64 : await command.RunAsync(line, Variables.OfProcess(), CancellationToken.None);
