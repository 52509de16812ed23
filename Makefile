# voxgan: `make` builds, `make check` tests, `make help` lists the rest.
#
#   TORCH=0|DIR     without libtorch | with the libtorch in DIR, for example of a PyTorch wheel (default: Debian's package)
#   DEV=1           warnings are errors, and every file is compiled alone
#   V=1             print the commands
#   SANITIZE=LIST   for example address,undefined
#   PREFIX, DESTDIR where `make install` puts things

version_of = $(shell sed -n 's/^\#define VOXGAN_VERSION_$1 //p' include/voxgan/version.h)
VERSION := $(call version_of,MAJOR).$(call version_of,MINOR).$(call version_of,PATCH)
PREFIX  ?= /usr/local
CC      ?= cc
CXX     ?= c++
TORCH   ?= /usr

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif

# Each flavour has its own folder, so that switching between them rebuilds nothing.
comma := ,
# Each file is one line, or its command with V=1; `make -s` prints nothing.
SILENT := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(V),,@$(if $(SILENT),,printf '  %-4s %s\n' '$1' '$(patsubst $B/%,%,$2)';))
FLAVOUR := $(if $(SANITIZE),$(subst $(comma),-,$(SANITIZE)),release)$(if $(DEV),-dev)$(if $(filter 0,$(TORCH)),-notorch)$(if $(filter-out 0 /usr,$(TORCH)),-torch$(shell printf %s '$(TORCH)' | cksum | cut -c1-6))
B := build/$(FLAVOUR)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla $(if $(DEV),-Werror)
CWARN := $(WARN) -Wmissing-prototypes -Wstrict-prototypes -Wfloat-conversion
# No path of this folder ends in a file, so that the same sources give the same bytes anywhere (make check-reproducible).
OPT  := -ffile-prefix-map=$(CURDIR)=. $(if $(SANITIZE),-O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -DVG_NO_CLONES,-O3 -g1 -fno-math-errno -fno-trapping-math)
LSAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE))

# Release builds are hardened. Each flag is used where the compiler knows it. The inner loops of our convolutions hold their tiles in
# local arrays that one canary a call would guard for nothing, so they are compiled without.
flag_of = $(shell $1 $2 -Werror -x c -c -o /dev/null - </dev/null 2>/dev/null && echo $2)
HARDEN := $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 $(foreach f,-fstack-protector-strong -fstack-clash-protection,$(call flag_of,$(CC),$f)))
# The program finds its library beside itself and in ../lib, so a build and an installation run from any folder. Packages put it where
# the system looks, and build with RPATH= (nothing).
RPATH ?= 1
HARDEN_LD := -Wl,-z,relro,-z,now,-z,noexecstack

DEPS := libcjson libdeflate zlib libpng libmd
CPPFLAGS += -Iinclude -Isrc -I/usr/include/nifti -D_GNU_SOURCE
CFLAGS_ALL := -std=c11 $(OPT) $(HARDEN) $(CWARN) -fPIC -pthread -MMD -MP $(shell pkg-config --cflags $(DEPS)) $(CFLAGS)
LIBS := $(shell pkg-config --libs $(DEPS)) -lnifti2 -lznz -lm -pthread

# The voxel column, and the code that every command needs; pure C.
CLI_SRC := $(wildcard src/cli/*.c src/cli/*/*.c)
LIB_SRC := $(filter-out $(CLI_SRC) src/tensor/% src/nn/% src/run/%,$(wildcard src/*/*.c src/*/*/*.c))
# The tensor column: one module that the program opens on demand.
TORCH_C   := $(foreach d,tensor nn run,$(wildcard src/$d/*.c src/$d/*/*.c))
TORCH_CXX := $(wildcard src/tensor/*.cpp src/tensor/*/*.cpp src/tensor/*/*/*.cpp)

LIB_OBJ := $(LIB_SRC:%.c=$B/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$B/%.o)
# Rooms without a loop over voxels are compiled at -O1, in half the time. What they call for voxels is in other rooms.
COLD := cli settings registry report run_page jobs mix dataset output experiment eval/page eval/model eval/suite eval/readers nn run/train run/group run/export
# A compiler reads ATen's headers for 5 to 20 s, and translates one of our files in a second. So the files that include them are one
# unit, at -O2, which the build begins with. With DEV=1 each file is compiled alone: a change costs one file, a missing #include
# shows, and scripts/check_layers.sh sees which file calls which.
ATEN_CXX := $(filter-out src/tensor/conv/%,$(TORCH_CXX)) src/tensor/conv/dispatch/conv_autograd.cpp src/tensor/conv/dispatch/conv_library.cpp
UNIT := $(if $(DEV)$(filter 0,$(TORCH)),,$B/units/aten.o)
MOD_OBJ := $(UNIT) $(patsubst %.cpp,$B/%.o,$(filter-out $(if $(UNIT),$(ATEN_CXX)),$(TORCH_CXX))) $(TORCH_C:%.c=$B/%.o) $B/src/tensor/cuda/kernels.cu.o

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(UNIT_SRC:%.c=$B/%)
TORCH_UNIT_SRC := $(wildcard tests/unit/torch/test_*.c tests/unit/torch/test_*.cpp tests/parity/*.c)
TORCH_UNIT_BIN := $(addprefix $B/,$(basename $(TORCH_UNIT_SRC)))
# The tests build the benchmarks too, so that one that no longer compiles shows.
BENCH_BIN := $(patsubst %.c,$B/%,$(filter-out $(if $(filter 0,$(TORCH)),bench/profile_step.c),$(wildcard bench/*.c)))

PRODUCTS := $B/voxgan $B/libvoxgan.a $B/libvoxgan.so $B/voxgan.pc
ifneq ($(TORCH),0)
# libtorch's header names the C++ standard that it needs; its CMake file shows whether it uses the old ABI of std::string.
TORCH_ATEN := $(wildcard $(TORCH)/include/ATen/ATen.h)
TORCH_STD := $(if $(TORCH_ATEN),$(shell sed -n 's/.*error C++\([0-9]*\) or later.*/c++\1/p' $(TORCH_ATEN)))
CXXFLAGS_ALL := -std=$(TORCH_STD) $(OPT) $(HARDEN) $(WARN) -fopenmp -fPIC -pthread -MMD -MP
ifeq ($(TORCH),/usr)
TORCH_LIBS := -ltorch_cpu -lc10 -lgomp
else
TORCH_LIB := $(abspath $(TORCH)/lib)
TORCH_ABI := $(shell grep -ho -m1 -e '-D_GLIBCXX_USE_CXX11_ABI=[01]' $(TORCH)/share/cmake/Torch/TorchConfig.cmake 2>/dev/null)
CXXFLAGS_ALL += $(TORCH_ABI) -isystem $(TORCH)/include
# No symbol of the CUDA half is referenced: it registers itself when it is loaded.
TORCH_CUDA := $(if $(wildcard $(TORCH_LIB)/libtorch_cuda.so),-ltorch_cuda -lc10_cuda)
# CUDA's headers come from its toolkit or from packages beside a wheel of PyTorch (nvidia-cuda-crt is needed too). Without
# them, the build has neither our own GPU kernels nor recorded steps.
CUDA_HOME ?= /usr/local/cuda
CUDA_PLACES := $(wildcard $(TORCH)/../nvidia/cu* $(TORCH)/../nvidia/cuda_runtime $(CUDA_HOME))
CUDA_INCLUDE := $(if $(TORCH_CUDA),$(firstword $(foreach d,$(CUDA_PLACES),$(if $(and $(wildcard $d/include/cuda_runtime.h),$(wildcard $d/include/crt/host_defines.h)),$d/include))))
ifneq ($(TORCH_CUDA),)
ifeq ($(CUDA_INCLUDE),)
$(info this libtorch has CUDA, whose headers are not there: a GPU will be slower. CUDA_HOME=DIR names a toolkit; pip install nvidia-cuda-crt completes a wheel)
endif
endif
CXXFLAGS_ALL += $(if $(CUDA_INCLUDE),-DVG_CUDA=1 -isystem $(CUDA_INCLUDE))
TORCH_LIBS := -L$(TORCH_LIB) -Wl,-rpath,$(TORCH_LIB) -Wl,--no-as-needed $(TORCH_CUDA) -ltorch_cpu -lc10 -Wl,--as-needed -lgomp
endif
CXXFLAGS_ALL += $(CXXFLAGS)
# Training over several processes: Gloo's headers belong to the libtorch that was built with them, NCCL's to CUDA's packages. c10d's header
# for NCCL includes libtorch's C++ interface.
NCCL_INCLUDE := $(if $(CUDA_INCLUDE),$(patsubst %/nccl.h,%,$(firstword $(wildcard $(TORCH)/../nvidia/nccl/include/nccl.h $(CUDA_HOME)/include/nccl.h /usr/include/nccl.h))))
DISTRIBUTED := $(if $(wildcard $(TORCH)/include/gloo/algorithm.h),-DVG_GLOO=1) $(if $(NCCL_INCLUDE),-DVG_NCCL=1 -isystem $(NCCL_INCLUDE) -isystem $(TORCH)/include/torch/csrc/api/include)
PRODUCTS := $B/voxgan-torch.so $(PRODUCTS)
endif

.PHONY: all
all: $(PRODUCTS)
ifneq ($(filter all,$(or $(MAKECMDGOALS),all)),)
	@$(if $(SILENT),,printf '%s\n' 'built $B/voxgan $(if $(filter 0,$(TORCH)),without libtorch: all but train$(comma) synth and export,with the libtorch in $(TORCH))' \
	  'call  $B/voxgan --help$(if $(filter 0,$(TORCH)),, or scripts/quickstart.sh)' 'next  make check$(comma) or sudo make install (below $(PREFIX))')
endif

ifneq ($(TORCH),0)
ifeq ($(TORCH_ATEN),)
ifneq ($(filter-out clean help format tidy uninstall,$(or $(MAKECMDGOALS),all)),)
$(error no libtorch below $(TORCH): run scripts/setup.sh, or name one with TORCH=DIR, or build without it by TORCH=0)
endif
endif
endif

# A change of flags rebuilds the files that they affect.
STAMP := $B/.flags
FLAGS_NOW := $(CC) $(CXX) $(CPPFLAGS) $(CFLAGS_ALL) $(CXXFLAGS_ALL) $(HARDEN_LD) $(LIBS) $(TORCH_LIBS) $(DISTRIBUTED) $(COLD)
$(shell mkdir -p $B; printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $(STAMP) || printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' > $(STAMP))

$B/src/tensor/conv/%.o: CXXFLAGS_ALL := $(filter-out -fstack-protector-strong,$(CXXFLAGS_ALL))

$(filter $(COLD:%=$B/src/%/%.o),$(CLI_OBJ) $(LIB_OBJ) $(MOD_OBJ)): CFLAGS_ALL := $(CFLAGS_ALL:-O3=-O1)
# A compiler that keeps what it could free needs 1 GB for a unit, and a tenth less time.
ATEN_OBJ := $(UNIT) $(ATEN_CXX:%.cpp=$B/%.o)
$(ATEN_OBJ): CXXFLAGS_ALL := $(CXXFLAGS_ALL:-O3=-O2) $(DISTRIBUTED) $(call flag_of,$(CXX),--param=ggc-min-heapsize=1000000)

$B/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(call say,cc,$@)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -c $< -o $@

$B/%.o: %.cpp $(STAMP)
	@mkdir -p $(@D)
	$(call say,c++,$@)$(CXX) $(CPPFLAGS) $(CXXFLAGS_ALL) -c $< -o $@

$(if $(UNIT),$(shell mkdir -p $B/units; printf '#include "%s"\n' $(ATEN_CXX) >$B/units/new; cmp -s $B/units/new $(UNIT:.o=.cpp) || mv $B/units/new $(UNIT:.o=.cpp)))
$B/units/aten.o: $B/units/aten.cpp $(STAMP)
	$(call say,c++,$@)$(CXX) -I. $(CPPFLAGS) $(CXXFLAGS_ALL) -c $< -o $@

# GPU kernels are compiled on the machine that runs them. The build only embeds their text, as the symbols
# _binary_src_tensor_cuda_kernels_cu_*.
$B/%.cu.o: %.cu
	@mkdir -p $(@D)
	$(call say,ld,$@)$(LD) -r -b binary -z noexecstack -o $@ $<

$B/libvoxgan.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,ar,$@)ar rcs $@ $^

# The public symbols are those that the public headers declare. src/voxgan.map has the other rules.
$B/voxgan.map: src/voxgan.map scripts/exports.sh $(wildcard include/voxgan/*)
	@mkdir -p $(@D)
	@CC='$(CC)' scripts/exports.sh >$@.symbols
	@sed -e '/@PUBLIC@/{s/.*//;r $@.symbols' -e '}' src/voxgan.map >$@

$B/libvoxgan.so: $(LIB_OBJ) $B/voxgan.map
	$(call say,ld,$@)$(CC) -shared -Wl,-soname,libvoxgan.so.0 -Wl,--version-script=$B/voxgan.map $(LSAN) $(HARDEN_LD) $(LDFLAGS) -o $@ $(LIB_OBJ) $(LIBS)
	@ln -sf libvoxgan.so $B/libvoxgan.so.0

# The program and the module share one library, because they share the error message and the thread pool.
$B/voxgan: $(CLI_OBJ) $B/libvoxgan.so
	$(call say,ld,$@)$(CC) -pie $(LSAN) $(HARDEN_LD) $(LDFLAGS) -o $@ $(CLI_OBJ) -L$B -lvoxgan $(if $(RPATH),-Wl$(comma)-rpath$(comma)'$$ORIGIN' -Wl$(comma)-rpath$(comma)'$$ORIGIN/../lib') $(LIBS)

$B/voxgan-torch.so: $(MOD_OBJ) $B/libvoxgan.so
	$(call say,ld,$@)$(CXX) -shared $(LSAN) $(HARDEN_LD) $(LDFLAGS) -o $@ $(MOD_OBJ) -L$B -lvoxgan $(if $(RPATH),-Wl$(comma)-rpath$(comma)'$$ORIGIN' -Wl$(comma)-rpath$(comma)'$$ORIGIN/..') $(TORCH_LIBS) $(LIBS)

$B/voxgan.pc: src/voxgan.pc.in include/voxgan/version.h Makefile
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' $< > $@

# ---- tests -----------------------------------------------------------------------------------
# Unit tests link the static library, so that they can call internal functions.
CMOCKA := $(shell pkg-config --libs cmocka 2>/dev/null)

# A test may write 0.5 for a float; in src such a conversion is a warning, as a double from a file may fit no integer.
$B/tests/%.o $B/bench/%.o: CFLAGS_ALL += -Wno-float-conversion
$B/tests/unit/test_%: $B/tests/unit/test_%.o $B/libvoxgan.a
	$(call say,ld,$@)$(CC) $(LSAN) $(LDFLAGS) -o $@ $< $B/libvoxgan.a $(CMOCKA) $(LIBS)

$B/tests/unit/test_torch_open: LDFLAGS += -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=dlerror

$B/tests/unit/torch/test_%: $B/tests/unit/torch/test_%.o $(MOD_OBJ) $B/libvoxgan.a
	$(call say,ld,$@)$(CXX) $(LSAN) $(LDFLAGS) -o $@ $< $(MOD_OBJ) $B/libvoxgan.a $(CMOCKA) $(TORCH_LIBS) $(LIBS)

# The convolutions alone, with kernels in software in place of those that need AVX512-BF16 or AMX.
TILES_OBJ := $(filter-out %/conv_autograd.o %/conv_library.o %/kernels_bf16.o %/kernels_amx.o,$(filter $B/src/tensor/conv/%,$(MOD_OBJ)))
$B/tests/unit/torch/test_tiles: $B/tests/unit/torch/test_tiles.o $B/tests/unit/torch/software_kernels.o $(TILES_OBJ) $B/src/tensor/pointwise.o
	$(call say,ld,$@)$(CXX) $(LSAN) $(LDFLAGS) -o $@ $^ $(CMOCKA) -lgomp -pthread

$B/tests/parity/%: $B/tests/parity/%.o $(MOD_OBJ) $B/libvoxgan.a
	$(call say,ld,$@)$(CXX) $(LSAN) $(LDFLAGS) -o $@ $< $(MOD_OBJ) $B/libvoxgan.a $(TORCH_LIBS) $(LIBS)

$B/tests/oracle/%: $B/tests/oracle/%.o $B/libvoxgan.a
	$(call say,ld,$@)$(CC) $(LSAN) $(LDFLAGS) -o $@ $< $B/libvoxgan.a $(LIBS)

$B/bench/%: $B/bench/%.o $B/libvoxgan.a
	$(call say,ld,$@)$(CC) $(LSAN) $(LDFLAGS) -o $@ $< $B/libvoxgan.a $(LIBS)

$B/bench/profile_step: $B/bench/profile_step.o $(MOD_OBJ) $B/libvoxgan.a
	$(call say,ld,$@)$(CXX) $(LSAN) $(LDFLAGS) -o $@ $< $(MOD_OBJ) $B/libvoxgan.a $(TORCH_LIBS) $(LIBS)

# Fuzz targets: over their corpus as a test, and under libFuzzer with `make fuzz` (clang): every target for FUZZ_SECONDS,
# or those of FUZZ="json split". `make fuzz-build` only builds them. CONTRIBUTING.md says how to add one.
FUZZ_ALL := $(patsubst tests/fuzz/fuzz_%.c,%,$(filter-out tests/fuzz/fuzz_replay.c,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ ?= $(FUZZ_ALL)
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
FUZZ_FLAGS := -std=c11 -O1 -g -fno-omit-frame-pointer -DVG_NO_CLONES -pthread -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_OBJ := $(LIB_SRC:%.c=build/fuzz/%.o)
# Every function of memory_files.c that stands in front of another. What describes a network is linked without what computes it:
# functions that trap take its place.
FUZZ_WRAP = $(shell sed -n 's/.*__wrap_\([a-z_0-9]*\).*;$$/-Wl,--wrap=\1/p' tests/fuzz/memory_files.c | sort -u)
FUZZ_NETWORKS := $(filter-out %/gan_record.c,$(wildcard src/nn/*/*.c)) src/run/model_spec.c
$B/tests/fuzz/replay_%: $B/tests/fuzz/fuzz_%.o $B/tests/fuzz/fuzz_replay.o $B/tests/fuzz/memory_files.o $B/libvoxgan.a
	$(call say,ld,$@)$(CC) $(LSAN) $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group $(FUZZ_WRAP) $(LIBS)
build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
build/fuzz/libvoxgan.a: $(FUZZ_OBJ)
	@rm -f $@
	ar rcs $@ $^
build/fuzz/%: build/fuzz/tests/fuzz/fuzz_%.o build/fuzz/tests/fuzz/memory_files.o build/fuzz/libvoxgan.a
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ -Wl,--start-group $^ -Wl,--end-group $(FUZZ_WRAP) $(LIBS)
define fuzz_networks
$2model $2checkpoint: $(FUZZ_NETWORKS:%.c=$1/%.o) $1/no_tensors.o
$1/no_tensors.c: $(FUZZ_NETWORKS:%.c=$1/%.o) $1/tests/fuzz/fuzz_model.o $1/tests/fuzz/fuzz_checkpoint.o $1/libvoxgan.a
	scripts/stubs.sh $$@ $$^
$1/no_tensors.o: $1/no_tensors.c
	$$(CC) -c $$< -o $$@
endef
$(eval $(call fuzz_networks,build/fuzz,build/fuzz/))
$(eval $(call fuzz_networks,$B,$B/tests/fuzz/replay_))
.PHONY: fuzz fuzz-build
fuzz-build: $(FUZZ:%=build/fuzz/%)
fuzz: fuzz-build
	scripts/fuzz.sh build/fuzz $(FUZZ_SECONDS) $(FUZZ)

# Two builds in two folders must have the same bytes.
.PHONY: check-reproducible print-build
print-build:
	@echo $B
check-reproducible:
	scripts/check_reproducible.sh TORCH=$(TORCH)

.PHONY: tests check check-torch check-torch2 check-tensors
tests: all $(FUZZ_ALL:%=$B/tests/fuzz/replay_%) $(UNIT_BIN) $(BENCH_BIN) $(if $(filter 0,$(TORCH)),,$(TORCH_UNIT_BIN))
check: tests
	BUILD=$B TORCH=$(TORCH) scripts/run_tests.sh
# check-torch runs only tests that depend on libtorch. check-torch2 builds and runs them with the current PyTorch wheel.
check-torch: all $(TORCH_UNIT_BIN)
	BUILD=$B TORCH=$(TORCH) ONLY_TORCH=1 scripts/run_tests.sh
check-tensors: all $(TORCH_UNIT_BIN)
	BUILD=$B TORCH=$(TORCH) ONLY_TENSORS=1 scripts/run_tests.sh
check-torch2:
	scripts/check_torch2.sh

# Checks our files with other people's programs, from a Python environment below build/.
.PHONY: oracles
oracles: $(if $(filter 0,$(TORCH)),,all $B/tests/parity/export_cases) $B/tests/oracle/write_formats $B/tests/oracle/write_tfevents $B/tests/oracle/write_radiomics
	scripts/oracles.sh $B

# The guide's Slurm examples, in a Slurm of one node that this starts.
.PHONY: check-slurm
check-slurm: all
	scripts/check_slurm.sh $B

# Campaigns of kills, faults, failing allocations and crowds: make torture ARGS="--rounds 100 --limit 10", ARGS=--short for less
# than a minute.
.PHONY: torture
torture: all
	/usr/bin/python3 tests/torture/torture.py $B $(ARGS)

# ---- install ---------------------------------------------------------------------------------
I := $(DESTDIR)$(PREFIX)
# Debian packages below build/deb. check-deb installs, tries and removes them in a Debian tree that it makes (root, debootstrap).
.PHONY: deb check-deb
deb:
	MAKE='$(MAKE)' CC='$(CC)' CXX='$(CXX)' packaging/deb.sh
check-deb: deb
	packaging/check_tree.sh deb

.PHONY: install uninstall
install: all
	install -d $I/bin $I/lib/voxgan $I/lib/pkgconfig $I/include/voxgan $I/share/voxgan/configs $I/share/voxgan/models $I/share/man/man1
	install $B/voxgan $I/bin/
	install -m 644 $B/libvoxgan.a $I/lib/
	install $B/libvoxgan.so $I/lib/libvoxgan.so.0
	ln -sf libvoxgan.so.0 $I/lib/libvoxgan.so
	$(if $(filter 0,$(TORCH)),,install $B/voxgan-torch.so $I/lib/voxgan/)
	install -m 644 $B/voxgan.pc $I/lib/pkgconfig/
	install -m 644 include/voxgan/*.h include/voxgan/*.def $I/include/voxgan/
	install -m 644 configs/*.json $I/share/voxgan/configs/
	$(if $(wildcard models/*),install -m 644 models/* $I/share/voxgan/models/)
	install -m 644 docs/voxgan.1 $I/share/man/man1/
	install -d $I/share/bash-completion/completions $I/share/zsh/site-functions
	LD_LIBRARY_PATH=$B $B/voxgan completion bash >$I/share/bash-completion/completions/voxgan
	LD_LIBRARY_PATH=$B $B/voxgan completion zsh >$I/share/zsh/site-functions/_voxgan
uninstall:
	rm -f $I/bin/voxgan $I/lib/libvoxgan.a $I/lib/libvoxgan.so $I/lib/libvoxgan.so.0 $I/lib/pkgconfig/voxgan.pc $I/share/man/man1/voxgan.1 $I/share/bash-completion/completions/voxgan $I/share/zsh/site-functions/_voxgan
	rm -rf $I/lib/voxgan $I/include/voxgan $I/share/voxgan

# ---- benchmarks: voxgan and a peer alternate in one run ---------------------------------------
# PYTHON: one with another PyTorch as the peer of train, synth and distributed.
PYTHON ?= /usr/bin/python3
BENCHES := io edit eval train synth randomise
.PHONY: bench $(BENCHES:%=bench-%)
bench: $(BENCHES:%=bench-%)
bench-io: all $B/bench/bench_io
	/usr/bin/python3 bench/bench_io.py $B
bench-edit: $B/bench/bench_edit
	/usr/bin/python3 bench/bench_edit.py $B
bench-eval: all $B/bench/bench_eval
	/usr/bin/python3 bench/bench_eval.py $B
bench-train: all $B/tests/parity/gan_steps
	$(PYTHON) bench/bench_train.py $B $(ARGS)
# Two processes against one, and against PyTorch's DistributedDataParallel; ARGS=--network: over wires of given rates and delays.
.PHONY: bench-distributed
bench-distributed: all $B/tests/parity/gan_steps $B/bench/wire
	$(PYTHON) bench/bench_distributed.py $B $(ARGS)
bench-randomise: $B/bench/bench_randomise
	/usr/bin/python3 bench/bench_randomise.py $B
.PHONY: bench-edits
bench-edits: $B/bench/bench_edits
	$(if $(DATA),,$(error DATA=DIR: label maps with SynthSeg's values))$< $(DATA) 'graft:at=random,mass=0.6;scale:ml=uniform(5,80),mass=0.6'
bench-synth: all
	$(PYTHON) bench/bench_synth.py $B
# Time and memory of the commands at 1,000 and 3,000 tiny subjects; N='1000 3000 10000' for more. `bench` does not include it.
.PHONY: bench-scale
bench-scale: all
	/usr/bin/python3 bench/bench_scale.py $B $(N)
# Segmentation quality for training time. It takes two trainings of 10 to 20 minutes, so `bench` does not include it.
.PHONY: bench-segment
bench-segment: all
	$(if $(DATA),,$(error DATA=DIR: skull-stripped T1 with maps of csf, gm, wm))/usr/bin/python3 bench/bench_segment.py $B $(DATA) build/bench/segment
.PHONY: bench-images
bench-images: all
	$(if $(and $(DATA),$(CONFIG)),,$(error DATA=DIR and CONFIG=NAME: a data set, and a config that trains on it))/usr/bin/python3 bench/bench_images.py $B/voxgan $(DATA) $(CONFIG) $(ARGS)
.PHONY: bench-precision
bench-precision: all
	$(if $(DATA),,$(error DATA=DIR: a data set that configs/healthy_t1.json trains on))/usr/bin/python3 bench/bench_precision.py $B $(DATA) build/bench/precision $(ARGS)
# Prints a training step's time by layer and operation: make profile ARGS="128 32 bf16".
.PHONY: profile
profile: $B/bench/profile_step
	$< $(ARGS)
# scripts/bench_gpu.sh calls this with the PyTorch of a machine.
DEVICE ?= cuda
.PHONY: bench-gpu
bench-gpu: all $B/tests/parity/gan_steps
	$(PYTHON) tests/oracle/gan_parity.py $B $(DEVICE)
	$(PYTHON) bench/bench_gpu.py $B $(DEVICE) $(DRY)
	$(if $(findstring :,$(DEVICE)),,$(PYTHON) bench/bench_distributed.py $B --gpus $(DEVICE) $(if $(DRY),--size 32 --ngf 2 --rounds 2,--size 128 --ngf 32 64 --batch 4))

# ---- house-keeping ---------------------------------------------------------------------------
SOURCES := $(wildcard include/voxgan/*.h src/*/*.[ch] src/*/*/*.[ch] src/*/*.[ch]pp src/*/*/*.[ch]pp src/*/*/*/*.[ch]pp src/tensor/cuda/*.cu tests/*/*.[ch] tests/*/*/*.[ch] tests/*/*/*.[ch]pp bench/*.[ch])
.PHONY: format tidy clean help
format:
	clang-format -i $(SOURCES)
tidy:
	clang-tidy --quiet $(LIB_SRC) $(CLI_SRC) -- -std=c11 $(CPPFLAGS)
clean:
	rm -rf build
help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -7
	@printf '%s\n' 'targets:' \
	  '  all              the program, the library and, with libtorch, the module (the default)' \
	  '  check            build and run all tests' \
	  '  check-torch      the tests that need libtorch' \
	  '  check-tensors    the tests of tensors alone' \
	  '  check-torch2     check-torch with the current PyTorch wheel, which it downloads' \
	  '  tests            build the tests, run none' \
	  '  check-reproducible  build twice, in two folders, and compare the bytes' \
	  '  check-slurm      the Slurm examples of the guide, in a Slurm that it starts' \
	  '  oracles          check our files with nnU-Net, the BIDS validator and TensorBoard' \
	  '  fuzz             fuzz the readers for FUZZ_SECONDS each (clang)' \
	  '  torture          kill and starve all commands, for hours; ARGS=--short for a minute' \
	  '  install          install below PREFIX; uninstall removes it again' \
	  '  deb, check-deb   Debian packages below build/deb; try them in a Debian tree (root)' \
	  '  bench            run the benchmarks: $(BENCHES:%=bench-%); PYTHON=… with another PyTorch' \
	  '  bench-scale      time and memory by the number of subjects; N="1000 3000 10000"' \
	  '  bench-distributed  two processes against one, and against PyTorch; ARGS=--network: over slow wires' \
	  '  bench-segment    segmentation quality for time; needs DATA=DIR' \
	  '  bench-images     generators and losses, by what networks can tell; needs DATA=DIR CONFIG=NAME' \
	  '  bench-precision  bf16 against fp32; needs DATA=DIR' \
	  '  bench-gpu        the benchmark of a GPU' \
	  '  profile          the time of a training step by layer; ARGS="128 32 bf16"' \
	  '  format, tidy     clang-format, clang-tidy' \
	  '  clean            remove build/'

# Everything that was built has its dependency file beside it: libraries, tests, fuzz targets, oracles and benchmarks.
-include $(shell find $B build/fuzz -name '*.d' 2>/dev/null)
.SECONDARY:
