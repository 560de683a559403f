using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using Pgvector.EntityFrameworkCore;

namespace Microsoft.EntityFrameworkCore;

public static class VectorDbContextOptionsBuilderExtensions
{
    /// <summary>Maps the vector types, translates the distances, and sets up the data source that EF Core makes itself.</summary>
    public static NpgsqlDbContextOptionsBuilder UseVector(this NpgsqlDbContextOptionsBuilder optionsBuilder)
    {
        var options = ((IRelationalDbContextOptionsBuilderInfrastructure)optionsBuilder).OptionsBuilder;
        var extension = options.Options.FindExtension<VectorDbContextOptionsExtension>() ?? new VectorDbContextOptionsExtension();
        ((IDbContextOptionsBuilderInfrastructure)options).AddOrUpdateExtension(extension);
        return optionsBuilder;
    }
}
