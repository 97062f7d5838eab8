// Looking up symbols in the tables of a loaded library (ELF gABI, "Dynamic Linking"; the hash table is GNU's).
//
// dlsym cannot do this: RTLD_NEXT finds a preloaded library's function first, and a handle for one library needs
// dlopen, which allocates.
#include "allocator/library_symbol.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef ElfW(Addr) address;
typedef ElfW(Sym) symbol;
typedef ElfW(Dyn) dynamic_entry;

struct search {
    const char *library;
    const char *const *names;
    void **found;
    size_t count;
};

// The tables of a loaded library that a look-up needs.
struct tables {
    address base;
    const symbol *symbols;
    const char *strings;
    const uint32_t *hash;
    address name; // where in strings the library's own name begins; 0 for none
};

// The dynamic linker has added the base to these addresses, except on processors where the section is read-only.
static const void *loaded_at(address base, address pointer)
{
    return (const void *)(pointer < base ? base + pointer : pointer); // NOLINT(performance-no-int-to-ptr)
}

static struct tables tables_of(address base, const dynamic_entry *dynamic)
{
    struct tables t = {.base = base};
    for (const dynamic_entry *entry = dynamic; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            t.symbols = loaded_at(base, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_STRTAB)
            t.strings = loaded_at(base, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_GNU_HASH)
            t.hash = loaded_at(base, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_SONAME)
            t.name = entry->d_un.d_val;
    }
    return t;
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 5381;
    for (; *name != '\0'; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

static void *look_up(const struct tables *t, const char *name)
{
    // Four words of header, the Bloom filter, the buckets, the chains.
    const uint32_t buckets = t->hash[0], first = t->hash[1], filter_words = t->hash[2];
    const uint32_t *bucket = t->hash + 4 + filter_words * (sizeof(address) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    const uint32_t hash = hash_of(name);
    uint32_t at = bucket[hash % buckets];
    if (at < first)
        return NULL;
    for (;; at++) {
        const symbol *found = &t->symbols[at];
        const uint32_t entry = chain[at - first];
        if ((entry | 1) == (hash | 1) && found->st_shndx != SHN_UNDEF && strcmp(t->strings + found->st_name, name) == 0)
            return (void *)(t->base + found->st_value); // NOLINT(performance-no-int-to-ptr)
        // The lowest bit marks the last entry of a chain.
        if ((entry & 1) != 0)
            return NULL;
    }
}

static int visit(struct dl_phdr_info *library, size_t size, void *context)
{
    const struct search *search = context;
    const dynamic_entry *dynamic = NULL;
    (void)size;
    for (size_t i = 0; i < library->dlpi_phnum; i++)
        if (library->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic = (const void *)(library->dlpi_addr + // NOLINT(performance-no-int-to-ptr)
                                     library->dlpi_phdr[i].p_vaddr);
    if (dynamic == NULL)
        return 0;
    const struct tables tables = tables_of(library->dlpi_addr, dynamic);
    if (tables.name == 0 || tables.strings == NULL || strcmp(tables.strings + tables.name, search->library) != 0)
        return 0;
    if (tables.symbols == NULL || tables.hash == NULL || tables.hash[0] == 0)
        return 0;
    for (size_t i = 0; i < search->count; i++) {
        void *own = look_up(&tables, search->names[i]);
        if (own != NULL)
            search->found[i] = own;
    }
    return 1;
}

void library_symbols(const char *library, const char *const *names, void **found, size_t count)
{
    struct search search = {.library = library, .names = names, .found = found, .count = count};
    (void)dl_iterate_phdr(visit, &search);
}
