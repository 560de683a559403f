using Workflows.Api;
using Workflows.Api.Operator;

// Before anything of the API is made: it has other credentials, and none of the API's keys.
if (args is [MigrateCommand.Name, .. var rest])
{
    return await MigrateCommand.RunAsync(rest, Console.Out, Console.Error);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddApi();

var app = builder.Build();
app.UseApi();
await app.PrepareAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
return 0;
