using Workflows.Api;
using Workflows.Api.Commands;

if (OperatorCommands.AreMeant(args))
{
    return await OperatorCommands.RunAsync(args, [MigrateCommand.Command]);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddApi();

var app = builder.Build();
app.UseApi();
await app.PrepareAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
return 0;
