using Workflows.Worker;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddWorker(TimeProvider.System);

var app = builder.Build();
app.UseWorker();
await app.RunAsync();
