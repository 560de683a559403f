using Workflows.Api;
using Workflows.Api.Tenants;
using Workflows.Data.Database;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddApi();

var app = builder.Build();
app.UseApi();

// The database is brought to this build's schema before anybody is served; a second instance waits here for the first one's lock.
await app.Services.GetRequiredService<MigrationRunner>().MigrateAsync(app.Lifetime.ApplicationStopping);
await app.Services.GetRequiredService<FirstStart>().RunAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
