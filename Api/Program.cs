using Workflows.Api;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddApi();

var app = builder.Build();
app.UseApi();
await app.PrepareAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
