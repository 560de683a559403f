using Workflows.Data.Database;
using Workflows.Worker;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddWorker(TimeProvider.System);

var app = builder.Build();
app.UseWorker();
OwnEnvironment.Hide(); // the configuration has been read, and no script runs yet
await app.Services.GetRequiredService<SchemaGate>().WaitAsync(app.Lifetime.ApplicationStopping, isPatient: true);
await app.RunAsync();
