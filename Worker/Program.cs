using Workflows.Worker;
using Workflows.Worker.Execution;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddWorker(TimeProvider.System);

var app = builder.Build();
app.UseWorker();
OwnEnvironment.Hide(); // the configuration has been read, and no script runs yet
await app.RunAsync();
