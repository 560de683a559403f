using Workflows.Api;
using Workflows.Api.Commands;

if (OperatorCommand.IsMeant(args))
{
    return await OperatorCommand.DispatchAsync(args, CancellationToken.None);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddApi();

var app = builder.Build();
app.UseApi();
await app.PrepareAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
return 0;
