using Workflows.AiSearch;
using Workflows.AiSearch.Extraction;
using Workflows.AiSearch.Indexing;
using Workflows.AiSearch.Search;
using Workflows.AiSearch.Storage;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;

if (args is [ExtractionChild.Verb, var format])
{
    return ExtractionChild.Run(format);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient("redis");
builder.Services.AddProblemDetails();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSearch(builder.Configuration);
builder.Services.DegradeOnly("StackExchange.Redis"); // hints only: without them the outbox is polled
builder.Services.AddSingleton<IndexHint>();
builder.Services.AddHostedService<HintListener>();
builder.Services.AddHostedService(services => services.GetRequiredService<OutboxConsumer>());
builder.Services.AddHostedService(services => services.GetRequiredService<Sweep>());
builder.Services.AddHostedService(services => services.GetRequiredService<FileReading>());

var app = builder.Build();
app.UseExceptionHandler();
app.MapDefaultEndpoints();
app.MapSearch();
app.MapPassages();
await app.Services.GetRequiredService<SchemaGate>().WaitAsync(app.Lifetime.ApplicationStopping, isPatient: true);
await app.Services.GetRequiredService<SearchDatabase>().LearnTypesAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
return 0;
