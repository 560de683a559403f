using Microsoft.Extensions.DependencyInjection;
using Workflows.Data.Models;

namespace Workflows.Models;

public static class ModelsRegistration
{
    /// <summary>Registers <see cref="IModelCaller"/>. Needs the database, the connectors and their store.</summary>
    public static IServiceCollection AddModels(this IServiceCollection services)
    {
        services.AddSingleton<ModelStore>();
        services.AddSingleton<ModelLedger>();
        services.AddSingleton<IModelCaller, ModelCaller>();
        return services;
    }
}
