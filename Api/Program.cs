using Workflows.Api;
using Workflows.Api.Operator;

// Before anything of the API is made: it has other credentials, and none of the API's keys.
if (args is [MigrateCommand.Name, .. var rest])
{
    return await MigrateCommand.RunAsync(rest, Console.Out, Console.Error);
}

var isCommand = OperatorCommands.IsCommand(args);
var builder = WebApplication.CreateBuilder(isCommand ? [] : args);
builder.AddServiceDefaults();
builder.AddApi();
if (isCommand)
{
    builder.Logging.ClearProviders(); // what a command says is its output
}

await using var app = builder.Build();
if (isCommand)
{
    return await OperatorCommands.RunAsync(app.Services, args, Console.Out, Console.Error, CancellationToken.None);
}

app.UseApi();
await app.PrepareAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
return 0;
